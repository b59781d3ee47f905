#pragma once
// Fetches: reads stretches of the stream back, several at a time, each in order. Belongs to the thread of the client's
// loop.

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "cluster/jetstream.hpp"

namespace sluice::cluster {

class Fetches {
 public:
  struct Stretch {
    std::string pattern;                // of subjects
    std::uint64_t first = 1, last = 0;  // sequences, both included
    std::function<void(const StoredMessage&)> each;
    // Once, when there is no more; or why not all could be read.
    std::function<void(const base::Status&)> then;
  };

  Fetches(NatsClient& client, std::string stream, base::Duration patience)
      : streams_(client, patience), stream_(std::move(stream)) {}

  void add(Stretch stretch);
  std::size_t size() const { return waiting_.size() + under_way_; }

 private:
  void begin_more();
  void step(const std::shared_ptr<Stretch>& stretch);
  void take(const std::shared_ptr<Stretch>& stretch, const base::Result<StoredMessage>& message);
  void finish(const std::shared_ptr<Stretch>& stretch, const base::Status& status);

  static constexpr std::size_t under_way_max = 64;

  JetStream streams_;
  const std::string stream_;
  std::size_t under_way_ = 0;
  std::deque<std::shared_ptr<Stretch>> waiting_;
};

}  // namespace sluice::cluster
