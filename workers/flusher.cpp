#include "workers/flusher.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "workers/delivery.hpp"

namespace sluice::workers {

namespace {
constexpr int pieces_max = 64;
constexpr std::size_t write_bytes_max = 262144;
}  // namespace

void Flusher::flush_some(Delivery& delivery) {
  for (const std::uint32_t slot : take_some()) {
    Connection& connection = slab_.at(slot);
    if (!connection.is_dirty_) continue;
    connection.is_dirty_ = false;
    flush(connection);
    if (connection.is_blocked_ || !connection.is_open()) continue;
    if (connection.owes_gap_) delivery.tell_gap(connection, GapReason::dropped, base::Clock::now());
    if (connection.catch_up_) delivery.feed_catch_up(connection, base::Clock::now());
  }
}

// Takes whom this turn writes off the list. Beside a large fan-out, the few that came last are not part of it: half of
// a turn is theirs, so that they do not wait for all of it.
std::span<const std::uint32_t> Flusher::take_some() {
  const std::size_t waiting = dirty_.size() - dirty_begin_;
  const std::size_t newest = waiting > turn_connections ? turn_connections / 2 : 0;
  const std::size_t oldest = std::min(waiting, turn_connections) - newest;
  turn_.assign(dirty_.rbegin(), dirty_.rbegin() + static_cast<std::ptrdiff_t>(newest));
  dirty_.resize(dirty_.size() - newest);
  const auto begin = dirty_.begin() + static_cast<std::ptrdiff_t>(dirty_begin_);
  turn_.insert(turn_.end(), begin, begin + static_cast<std::ptrdiff_t>(oldest));
  dirty_begin_ += oldest;
  if (dirty_begin_ == dirty_.size()) {
    dirty_.clear();
    dirty_begin_ = 0;
  }
  return turn_;
}

void Flusher::flush(Connection& connection) {
  while (!connection.outbox_.is_empty() || has_pending(connection)) {
    iovec pieces[pieces_max];
    const int count = connection.outbox_.gather(pieces, pieces_max, write_bytes_max);
    const Transport::Progress put = write(connection, {pieces, static_cast<std::size_t>(count)});
    if (put.bytes > 0) note_written(connection, put.bytes);
    metrics_.wire_bytes_sent.add(put.socket_bytes);
    connection.bytes_sent_ += put.socket_bytes;
    if (put.state == Transport::State::failed) return on_failure(connection);
    if (put.state != Transport::State::blocked) continue;
    connection.is_blocked_ = true;
    if (!connection.outbox_.is_empty()) watch(connection);
    return;
  }
  if (connection.phase_ == Connection::Phase::flushing) say_last(connection);
}

// Writes a prefix of the pieces.
Transport::Progress Flusher::write(Connection& connection, std::span<const iovec> pieces) {
  using State = Transport::State;
  if (connection.transport_) return connection.transport_->write(connection.descriptor_, pieces);
  std::size_t offered = 0;
  for (const iovec& piece : pieces) offered += piece.iov_len;
  msghdr header{};
  header.msg_iov = const_cast<iovec*>(pieces.data());
  header.msg_iovlen = pieces.size();
  constexpr int flags = MSG_NOSIGNAL | MSG_DONTWAIT;
  const ssize_t taken = pieces.size() == 1 ? send(connection.descriptor_, pieces[0].iov_base, pieces[0].iov_len, flags)
                                           : sendmsg(connection.descriptor_, &header, flags);
  if (taken < 0) {
    if (errno == EINTR) return {State::open, 0, 0};
    return {errno == EAGAIN || errno == EWOULDBLOCK ? State::blocked : State::failed, 0, 0};
  }
  const auto bytes = static_cast<std::size_t>(taken);
  return {bytes < offered ? State::blocked : State::open, bytes, bytes};
}

void Flusher::note_written(Connection& connection, std::size_t bytes) {
  const std::uint64_t queued = connection.outbox_.messages();
  const Outbox::Written written = connection.outbox_.consume(bytes, frames_);
  metrics_.messages_sent.add(written.messages);
  metrics_.payload_bytes_sent.add(written.payload_bytes);
  metrics_.outbox_bytes.subtract(bytes);
  metrics_.outbox_messages.subtract(queued - connection.outbox_.messages());
  if (written.messages == 0) return;
  connection.messages_sent_ += written.messages;
  connection.note_activity(now_);
}

bool Flusher::has_pending(const Connection& connection) {
  return connection.transport_ != nullptr && connection.transport_->has_pending();
}

void Flusher::await_pending(Connection& connection) {
  if (has_pending(connection)) connection.is_blocked_ = true;
}

// The last words are with the kernel: says that no more will come, and waits for the client to do the same.
void Flusher::say_last(Connection& connection) {
  if (connection.transport_) {
    const Transport::Progress put = connection.transport_->end(connection.descriptor_);
    metrics_.wire_bytes_sent.add(put.socket_bytes);
    if (put.state == Transport::State::failed) return on_failure(connection);
    if (has_pending(connection)) {
      connection.is_blocked_ = true;
      return;
    }
  }
  connection.phase_ = Connection::Phase::lingering;
  if (connection.closes_after_flush_) {
    endings_.add(connection.slot_, connection.generation_, false, {connection.end_reason_, 1006, {}});
    return;
  }
  shutdown(connection.descriptor_, SHUT_WR);
}

void Flusher::on_failure(Connection& connection) {
  endings_.add(connection.slot_, connection.generation_, false, {EndReason::client_vanished, 1006, {}});
  if (connection.phase_ == Connection::Phase::open) connection.phase_ = Connection::Phase::ending;
}

void Flusher::watch(Connection& connection) {
  if (connection.is_watched_) return;
  connection.is_watched_ = true;
  watched_.push_back(connection.slot_);
}

void Flusher::check_ages(Delivery& delivery, base::TimePoint now) {
  const base::Duration age_max = relief_.shortened(options_.outbox_age_ms_max);
  base::Duration oldest{};
  std::erase_if(watched_, [&](std::uint32_t slot) {
    Connection& connection = slab_.at(slot);
    if (connection.outbox_.is_empty()) {
      connection.is_watched_ = false;
      return true;
    }
    const base::Duration age = now - connection.outbox_.oldest();
    oldest = std::max(oldest, age);
    if (age <= age_max || !connection.is_open()) return false;
    if (options_.slow_policy == SlowPolicy::close) {
      connection.phase_ = Connection::Phase::ending;
      endings_.add(slot, connection.generation_, true, {EndReason::slow_client, 1013, "outbox older than its limit"});
      return false;
    }
    delivery.drop_older(connection, now - age_max, now);
    return false;
  });
  metrics_.outbox_age_milliseconds.set(
      static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(oldest).count()));
}

}  // namespace sluice::workers
