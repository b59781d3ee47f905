#pragma once
// PublishAnswers: what a PublishStream has still to tell its client, between the thread that reads requests and the one
// that writes responses. Bounded: when the client does not take its answers, nothing more is read.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <iterator>
#include <mutex>
#include <optional>
#include <vector>

#include "control/failure.hpp"
#include "control/names.hpp"
#include "sluice/v1/gateway.pb.h"

namespace sluice::control {

class PublishAnswers {
 public:
  // What the stream is to do now, each at most once at a time: write what take() gives, read a request, end.
  struct Next {
    bool write = false;
    bool can_wait = false;  // the write, for a moment in which more requests are read and share its response
    bool read = false;
    bool finish = false;
  };

  // A request has been dealt with, but for `late` of its messages, of which settled() tells. Requests come one behind
  // the other; those of a stream are told in their order.
  Next answered(std::uint64_t sequence, std::vector<v1::PublishStreamResult> results, std::size_t late = 0);
  // It is known what became of a message of that request, be it before answered(); nothing: the client need not know.
  Next settled(std::uint64_t sequence, std::optional<v1::PublishStreamResult> result);
  // No request will be read any more: the client has closed its side or is gone, or `failure` ends the stream.
  Next input_ended(std::optional<Failure> failure = {});
  // The last write has ended; not `ok`: nobody will see another.
  Next written(bool ok);
  // Nobody will see another response.
  Next cancelled();
  // Whether settled() is still to come.
  bool awaits_results();

  v1::PublishStreamResponse take();
  // Once Next::finish was given.
  const std::optional<Failure>& failure() const { return failure_; }

 private:
  // Of which there are some that are not known, or that have to wait for one before them.
  struct Request {
    std::uint64_t sequence;
    std::int64_t missing = 0;  // below 0: settled before answered
    bool is_answered = false;
    std::vector<v1::PublishStreamResult> results = {};
  };
  static constexpr std::int64_t results_max = 10'000;  // those that are not known included
  static constexpr std::uint32_t probe_every = 32;     // writes to a client that seems to wait for each

  bool is_full() const {
    return unanswered_ + requests_.size() >= stream_window || late_ + held_ + std::ssize(results_) >= results_max;
  }
  Next next();
  Request& find_or_add(std::uint64_t sequence);
  void tell_whole();
  bool can_wait();

  std::mutex mutex_;  // guards all below
  std::uint64_t acknowledged_ = 0;
  std::size_t unanswered_ = 0;  // requests
  std::vector<v1::PublishStreamResult> results_;
  std::deque<Request> requests_;      // each one behind the other
  std::int64_t late_ = 0, held_ = 0;  // results that are not known, and that wait in requests_
  std::optional<Failure> failure_;
  // Whether the last response answered several requests. A client that has many in flight is told of several at a time,
  // since each response is a write of its own; one that waits for each answer must not wait longer. It is tried now and
  // then whether a client has become the other kind.
  bool is_pipelined_ = false;
  std::uint32_t writes_at_once_ = 0;
  // While one write follows another, HTTP/2 sends its flow control with them; a read that is begun before the write has
  // ended makes a write of its own for that.
  bool reads_while_writing_ = false;
  bool is_reading_ = true, is_writing_ = false, input_ended_ = false, is_broken_ = false;
  bool has_finished_ = false;
};

}  // namespace sluice::control
