#pragma once
// NatsRequests: what waits for answers, by number and by deadline. Pure.

#include <cstdint>
#include <functional>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "cluster/nats_message.hpp"

namespace sluice::cluster {

class NatsRequests {
 public:
  using OnReply = std::function<void(const base::Result<NatsMessage>& reply)>;

  // Gives the number; none is given twice.
  std::uint64_t add(base::TimePoint deadline, OnReply on_reply);
  // Takes a request out, if it still waits.
  std::optional<OnReply> take(std::uint64_t number);
  // Takes out one whose deadline is not after `now`.
  std::optional<OnReply> take_expired(base::TimePoint now);
  // Takes all out, in the order in which they came.
  std::vector<OnReply> take_all();

  std::size_t size() const { return waiting_.size(); }
  // The next deadline; nothing if none waits.
  std::optional<base::TimePoint> deadline();

 private:
  struct Due {
    base::TimePoint deadline;
    std::uint64_t number;
    bool operator>(const Due& other) const { return deadline > other.deadline; }
  };
  void drop_front();
  void drop_taken();

  std::unordered_map<std::uint64_t, OnReply> waiting_;
  // A heap, the next one in front; numbers that were taken stay in it until they come to the front or outnumber the
  // others.
  std::vector<Due> due_;
  std::uint64_t last_ = 0;
};

}  // namespace sluice::cluster
