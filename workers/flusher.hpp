#pragma once
// Flusher: writes outboxes to sockets: each dirty connection once a turn, with one system call for all that it waits
// for. Watches those that could not be written whole. Belongs to one worker.

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "overload/relief.hpp"
#include "workers/endings.hpp"
#include "workers/frames.hpp"
#include "workers/metrics.hpp"
#include "workers/options.hpp"
#include "workers/slab.hpp"

namespace sluice::workers {

class Delivery;

class Flusher {
 public:
  // Connections written before the loop looks at its readiness set again: a fan-out to 10,000 must not keep the others
  // waiting for all of it. Each write of a fan-out costs the kernel some 5 us, so a turn takes a third of a
  // millisecond.
  static constexpr std::size_t turn_connections = 64;

  Flusher(Slab& slab, Frames& frames, Endings& endings, Metrics& metrics, const Options& options,
          const overload::Relief& relief)
      : slab_(slab), frames_(frames), endings_(endings), metrics_(metrics), options_(options), relief_(relief) {}

  // Puts the connection on the list of those to be written, unless it is there or its socket is full. O(1).
  void mark_dirty(Connection& connection) {
    if (connection.is_blocked_) return watch(connection);
    if (connection.is_dirty_) return;
    connection.is_dirty_ = true;
    dirty_.push_back(connection.slot_);
  }
  // The socket takes bytes again.
  void unblock(Connection& connection) {
    if (!connection.is_blocked_) return;
    connection.is_blocked_ = false;
    mark_dirty(connection);
  }
  // A turn of the loop begins.
  void note_time(base::TimePoint now) { now_ = now; }
  bool has_dirty() const { return dirty_begin_ < dirty_.size(); }

  // Writes up to turn_connections of the dirty ones, the oldest and, if there are more, as many of the newest.
  // `delivery` feeds those that catch up.
  void flush_some(Delivery& delivery);
  // Writes what the socket takes now.
  void flush(Connection& connection);

  // After something else than flush() used the connection's transport: what waits inside it goes with the next edge.
  void await_pending(Connection& connection);

  // Calls each(connection) for those that wait for their sockets with something in their outboxes.
  template <class Each>
  void for_each_waiting(Each&& each) const {
    for (const std::uint32_t slot : watched_) {
      if (!slab_.at(slot).outbox_.is_empty()) each(std::as_const(slab_).at(slot));
    }
  }

  // Once a second: measures the outboxes of slow connections and ends those whose oldest frame is over the age bound.
  void check_ages(Delivery& delivery, base::TimePoint now);

 private:
  std::span<const std::uint32_t> take_some();
  void watch(Connection& connection);
  Transport::Progress write(Connection& connection, std::span<const iovec> pieces);
  void note_written(Connection& connection, std::size_t bytes);
  void say_last(Connection& connection);
  void on_failure(Connection& connection);
  static bool has_pending(const Connection& connection);

  Slab& slab_;
  Frames& frames_;
  Endings& endings_;
  Metrics& metrics_;
  const Options& options_;
  base::TimePoint now_{};
  const overload::Relief& relief_;
  std::vector<std::uint32_t> dirty_;  // from the oldest, of which
  std::size_t dirty_begin_ = 0;       // so many were taken
  std::vector<std::uint32_t> turn_;   // those of this turn
  std::vector<std::uint32_t> watched_;
};

}  // namespace sluice::workers
