#pragma once
// Acceptor: one worker's listening sockets. Takes connections in batches, and pauses when descriptors or connections
// have run out, so that what the kernel queues does not make the loop spin. Belongs to one worker.

#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "base/byte_budget.hpp"
#include "base/clock.hpp"
#include "base/log_limit.hpp"
#include "workers/metrics.hpp"
#include "workers/readiness.hpp"
#include "workers/wire.hpp"

namespace sluice::workers {

class Acceptor {
 public:
  // `connections` counts those of all workers.
  Acceptor(Readiness& readiness, base::ByteBudget& connections, Metrics& metrics);
  ~Acceptor();
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;

  // Takes over a bound, listening, non-blocking socket.
  void add(int descriptor, ListenerKind kind);

  // Takes up to a batch of connections from listener `index` and calls open(descriptor, kind) for each, which has a
  // place in the count of connections.
  template <class Open>
  void accept_some(std::size_t index, base::TimePoint now, Open&& open) {
    for (int taken = 0; taken < batch && !paused_until_; ++taken) {
      const std::optional<int> descriptor = accept_one(index, now);
      if (!descriptor) return;
      open(*descriptor, listeners_[index].kind);
    }
  }
  // Takes what the kernel has queued, then closes the listeners. Nothing is accepted any more.
  template <class Open>
  void stop(base::TimePoint now, Open&& open) {
    resume();
    for (std::size_t index = 0; index < listeners_.size(); ++index) {
      while (const std::optional<int> descriptor = accept_one(index, now)) open(*descriptor, listeners_[index].kind);
    }
    close_all();
  }

  // Gives a connection's place back, which may end a pause.
  void release();
  // When a pause should be looked at again; nothing if there is none.
  std::optional<base::TimePoint> paused_until() const { return paused_until_; }
  void resume_if_due(base::TimePoint now) {
    if (paused_until_ && now >= *paused_until_) resume();
  }

 private:
  static constexpr int batch = 64;

  std::optional<int> accept_one(std::size_t index, base::TimePoint now);
  void pause(const char* why, base::TimePoint now);
  void resume();
  void close_all();

  Readiness& readiness_;
  base::ByteBudget& connections_;
  Metrics& metrics_;
  base::LogLimit log_limit_;
  struct Listener {
    int descriptor;
    ListenerKind kind;
  };
  std::vector<Listener> listeners_;
  std::optional<base::TimePoint> paused_until_;
};

}  // namespace sluice::workers
