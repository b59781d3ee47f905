#pragma once
// Acceptor: one worker's listening sockets. Takes connections in batches, and pauses when descriptors or connections
// have run out, so that what the kernel queues does not make the loop spin. Belongs to one worker.

#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "base/address.hpp"
#include "base/clock.hpp"
#include "base/log_limit.hpp"
#include "base/result.hpp"
#include "workers/listening_sockets.hpp"
#include "workers/metrics.hpp"
#include "workers/places.hpp"
#include "workers/readiness.hpp"
#include "workers/wire.hpp"

namespace sluice::workers {

class Acceptor {
 public:
  Acceptor(Readiness& readiness, Places& places, Metrics& metrics);
  ~Acceptor();
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;

  // Takes over a bound, listening, non-blocking socket.
  void add(int descriptor, ListenerKind kind, const ListenerTerms& terms);

  // Takes up to a batch of connections from listener `index` and calls open(descriptor, kind) for each, which has a
  // place.
  template <class Open>
  void accept_some(std::size_t index, base::TimePoint now, Open&& open) {
    for (int taken = 0; taken < batch && !paused_until_; ++taken) {
      const std::optional<int> descriptor = accept_one(index, now);
      if (!descriptor) return;
      open(*descriptor, listeners_[index].kind);
    }
  }
  // Takes what the kernel has queued; then whoever connects is refused. For good: the sockets are closed, and whoever
  // has copies of them may go on. Else they can listen again, but anyone else may have their addresses meanwhile.
  template <class Open>
  void stop(base::TimePoint now, bool for_good, Open&& open) {
    if (is_listening_) {
      resume();
      for (std::size_t index = 0; index < listeners_.size(); ++index) {
        while (const std::optional<int> descriptor = accept_one(index, now)) open(*descriptor, listeners_[index].kind);
      }
    }
    for_good ? close_all() : stop_listening();
  }
  // Refuses whoever connects, also those who are queued, until it listens again.
  void stop_listening();
  // Undoes both. Fails, and listens nowhere, if the system does not let it.
  base::Status listen_again();
  // Whether nobody listens at an address that is to be this process's alone. Asked of all workers before one of them
  // listens again, as it is the first that would let all others in.
  base::Status are_addresses_free() const;
  // Gives the sockets up, without a look at what they have queued: another process may have them, too.
  void close_all();

  // Copies of the sockets, also while they do not listen.
  std::vector<ListeningSockets::Listener> copies() const;

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

  Readiness& readiness_;
  Places& places_;
  Metrics& metrics_;
  base::LogLimit log_limit_;
  struct Listener {
    int descriptor;
    ListenerKind kind;
    ListenerTerms terms;
    std::optional<base::Address> address = {};  // once it has stopped to listen
  };
  bool is_listening_ = true;
  std::vector<Listener> listeners_;
  std::optional<base::TimePoint> paused_until_;
};

}  // namespace sluice::workers
