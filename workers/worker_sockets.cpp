// The part of Worker that is about sockets: opening, reading, pausing and resuming reads.
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "base/assert.hpp"
#include "base/log.hpp"
#include "workers/worker.hpp"

namespace sluice::workers {
namespace {

// However long a client is read no further, it is looked at so often whether it is still there.
constexpr base::Duration look_again = std::chrono::seconds(1);

}  // namespace

void Worker::open(int descriptor, ListenerKind kind) {
  Connection& connection = slab_.take();
  connection.descriptor_ = descriptor;
  connection.kind_ = kind;
  connection.since_ = connection.last_seen_ = now_;
  guard(connection, [&] {
    connection.transport_ = parts_.edge.make_transport(*this, kind, descriptor);
    connection.wire_ = parts_.edge.make_wire(*this, kind);
  });
  const Protocol protocol = connection.wire_ ? connection.wire_->protocol() : Protocol::http;
  metrics_.connections[static_cast<std::size_t>(protocol)].add();
  // What begins with a request is counted by what that makes of it.
  if (protocol != Protocol::http) metrics_.accepted[static_cast<std::size_t>(protocol)].add();
  if (connection.wire_) guard(connection, [&] { connection.wire_->on_start(*this, connection); });
  static_cast<void>(is_watched(connection, readiness_.add(descriptor, watched_edges, connection.slot_)));
}

bool Worker::is_watched(Connection& connection, bool has_added) {
  if (has_added) return true;
  base::log_error("socket_not_watched", {{"why", std::generic_category().message(errno)}});
  abandon(connection, EndReason::exhausted);
  return false;
}

// Reads at most one buffer; what may be left goes on the again-list, since no new edge will come for it.
void Worker::read(Connection& connection) {
  if (connection.phase_ == Connection::Phase::ending) return;
  connection.is_readable_ = true;
  if (connection.reads_paused_) return;
  const Transport::Progress got = receive(connection);
  if (got.socket_bytes > 0) {
    connection.last_seen_ = now_;
    connection.bytes_received_ += got.socket_bytes;
    metrics_.wire_bytes_received.add(got.socket_bytes);
  }
  if (got.state == Transport::State::open) {
    again(connection);
  } else {
    connection.is_readable_ = false;
  }
  if (got.bytes > 0 && connection.is_open()) take_bytes(connection, {read_buffer_.get(), got.bytes});
  if (connection.transport_ && got.state != Transport::State::open) log_failure(connection);
  if (got.state == Transport::State::failed) return abandon(connection, EndReason::client_vanished);
  if (got.state != Transport::State::ended) return;
  if (!connection.is_open()) return abandon(connection, connection.end_reason_);
  if (connection.reads_paused_) {
    // A transport may give the last bytes and their end together; the end waits until the bytes were taken.
    connection.is_readable_ = true;
    return;
  }
  guard(connection, [&] { connection.wire_->on_end_of_stream(*this, connection); });
}

void Worker::log_failure(const Connection& connection) {
  const std::string_view why = connection.transport_->failure();
  if (why.empty() || !log_limit_.allows(now_)) return;
  base::log_info(
      "transport_failed",
      {{"remote", remote_address(connection).text()}, {"why", why}, {"suppressed", log_limit_.take_suppressed()}});
}

// Reads into the buffer. A short read means that the socket is empty, unless the end of the stream stands behind the
// data.
Transport::Progress Worker::receive(Connection& connection) {
  using State = Transport::State;
  if (connection.transport_) {
    const Transport::Progress got =
        connection.transport_->read(connection.descriptor_, {read_buffer_.get(), read_bytes});
    flusher_.await_pending(connection);
    return got;
  }
  const ssize_t taken = recv(connection.descriptor_, read_buffer_.get(), read_bytes, MSG_DONTWAIT);
  if (taken < 0) {
    if (errno == EINTR) return {State::open, 0, 0};
    return {errno == EAGAIN || errno == EWOULDBLOCK ? State::blocked : State::failed, 0, 0};
  }
  if (taken == 0) return {State::ended, 0, 0};
  const auto bytes = static_cast<std::size_t>(taken);
  return {bytes == read_bytes || connection.is_hung_up_ ? State::open : State::blocked, bytes, bytes};
}

// Hands bytes to the wire, and what it leaves to the wire that it became; keeps the rest while reads are paused.
void Worker::take_bytes(Connection& connection, std::span<char> bytes) {
  while (!bytes.empty() && connection.is_open() && !connection.reads_paused_) {
    const Wire* const wire = connection.wire_.get();
    std::size_t taken = bytes.size();
    guard(connection, [&] { taken = connection.wire_->on_bytes(*this, connection, bytes); });
    bytes = bytes.subspan(taken);
    SLUICE_ASSERT(bytes.empty() || !connection.is_open() || connection.reads_paused_ || connection.wire_.get() != wire);
  }
  // They are kept for later, or for whom the socket goes to.
  if (bytes.empty() || !(connection.is_open() || connection.is_leaving_)) return;
  connection.unread_ = std::make_unique<std::string>(bytes.data(), bytes.size());
}

void Worker::again(Connection& connection) {
  if (connection.is_again_) return;
  connection.is_again_ = true;
  again_.push_back({connection.slot_, connection.generation_});
}

void Worker::read_again() {
  for (const SlotGeneration& entry : std::exchange(again_, {})) {
    Connection* const connection = slab_.find(entry.slot, entry.generation);
    if (connection == nullptr) continue;
    connection->is_again_ = false;
    if (connection->is_readable_) read(*connection);
  }
}

void Worker::pause_reads(Connection& connection) {
  if (connection.reads_paused_) return;
  connection.reads_paused_ = true;
  metrics_.reads_paused.add();
  paused_.push_back({connection.slot_, connection.generation_});
}

void Worker::delay_reads(Connection& connection, base::Duration delay) {
  if (connection.reads_paused_) return;
  connection.reads_paused_ = true;
  metrics_.reads_paused.add();
  delayed_.push({now_ + std::min(delay, look_again), {connection.slot_, connection.generation_}});
}

// Tries every connection whose reads are paused once more; those that still find no room pause again.
void Worker::resume_reads() {
  for (const SlotGeneration& entry : std::exchange(paused_, {})) resume_reads_of(entry);
  while (!delayed_.empty() && delayed_.top().until <= now_) {
    const SlotGeneration entry = delayed_.top().whose;
    delayed_.pop();
    const Connection* const connection = slab_.find(entry.slot, entry.generation);
    if (connection == nullptr) continue;
    // One that has hung up is heard to its end: nobody is to count a client that is gone.
    const base::Duration owed = rate_limits_.owed(entry.slot, entry.generation, now_);
    if (owed > base::Duration::zero() && !connection->is_hung_up_) {
      delayed_.push({now_ + std::min(owed, look_again), entry});
    } else {
      resume_reads_of(entry);
    }
  }
}

void Worker::resume_reads_of(const SlotGeneration& entry) {
  Connection* const connection = slab_.find(entry.slot, entry.generation);
  if (connection == nullptr || !connection->reads_paused_) return;
  connection->reads_paused_ = false;
  metrics_.reads_paused.subtract();
  // The client could not be heard meanwhile: its silence was ours.
  connection->last_seen_ = now_;
  guard(*connection, [&] { connection->wire_->on_resume(*this, *connection); });
  if (connection->reads_paused_) return;
  if (const std::unique_ptr<std::string> unread = std::move(connection->unread_)) {
    take_bytes(*connection, {unread->data(), unread->size()});
  }
  if (!connection->reads_paused_ && connection->is_readable_) again(*connection);
}

void Worker::become(Connection& connection, std::unique_ptr<Wire> wire) {
  const auto from = static_cast<std::size_t>(connection.wire_->protocol());
  const auto to = static_cast<std::size_t>(wire->protocol());
  metrics_.connections[from].subtract();
  metrics_.connections[to].add();
  metrics_.accepted[to].add();
  retired_wire_ = std::exchange(connection.wire_, std::move(wire));
  connection.wire_->on_start(*this, connection);
}

}  // namespace sluice::workers
