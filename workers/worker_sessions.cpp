// The part of Worker that is about sessions which are more than one socket, or less: opening connections without one,
// riders, and sockets that go from one connection to another.
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "base/assert.hpp"
#include "workers/worker.hpp"

namespace sluice::workers {

// Owns the socket while no worker does: whoever is left with it closes it.
struct Worker::Traveller {
  int descriptor = -1;
  ListenerKind kind = 0;
  std::unique_ptr<Transport> transport;
  std::string unread;
  base::TimePoint since{};
  std::uint64_t bytes_received = 0;
  std::optional<base::Address> remote_address = {};

  Traveller() = default;
  Traveller(const Traveller&) = delete;
  Traveller& operator=(const Traveller&) = delete;
  ~Traveller() {
    if (descriptor >= 0) ::close(descriptor);
  }
};

void Worker::post(base::WorkerId to, std::function<void(Worker&)> job) {
  parts_.mailboxes[to.value]->force(std::move(job));
}

Connection* Worker::find_open(std::uint32_t slot, std::uint32_t generation) {
  Connection* const connection = slab_.find(slot, generation);
  return connection != nullptr && connection->is_open() ? connection : nullptr;
}

void Worker::note_life(Connection& connection) { connection.last_seen_ = now_; }

Connection* Worker::open_session(std::unique_ptr<Wire> wire, std::unique_ptr<Transport> transport) {
  owner_.check();
  if (!parts_.sessions.try_take(1)) return nullptr;
  Connection& connection = slab_.take();
  connection.since_ = connection.last_seen_ = now_;
  connection.is_blocked_ = true;
  connection.closes_after_flush_ = true;
  connection.transport_ = std::move(transport);
  connection.wire_ = std::move(wire);
  const auto protocol = static_cast<std::size_t>(connection.wire_->protocol());
  metrics_.connections[protocol].add();
  metrics_.accepted[protocol].add();
  guard(connection, [&] { connection.wire_->on_start(*this, connection); });
  return &connection;
}

Connection& Worker::open_rider(Connection& carrier, std::unique_ptr<Wire> wire) {
  owner_.check();
  SLUICE_ASSERT(!carrier.is_rider());
  Connection& rider = slab_.take();
  rider.carrier_ = carrier.slot_;
  rider.since_ = now_;
  rider.wire_ = std::move(wire);
  metrics_.riders.add();
  return rider;
}

void Worker::write_all(Connection& connection) {
  flusher_.unblock(connection);
  do {
    if (connection.catch_up_) delivery_.feed_catch_up(connection, now_);
    flusher_.flush(connection);
  } while (connection.is_open() && connection.catch_up_ && !connection.is_blocked_);
}

base::Position Worker::given_through(const Connection& member) {
  const std::size_t index = member.name_space_.value;
  std::uint64_t place = index < delivered_places_.size() ? delivered_places_[index] : 0;
  // What came before it was a member was not for it, or was replayed.
  for_each_room(member, [&place](const RoomKey& key, std::uint64_t joined_place) {
    if (key.kind == RoomKey::Kind::everyone) place = std::max(place, joined_place);
  });
  return sequencer(member.name_space_).position_of(place);
}

// --- sockets that leave ---

void Worker::give_socket(Connection& connection, const Connection& session) {
  if (!connection.is_open()) return;
  connection.phase_ = Connection::Phase::ending;
  connection.is_leaving_ = true;
  departures_.push_back(
      {connection.slot_, connection.generation_, session.slot_, session.generation_, std::nullopt, {}});
}

void Worker::hand_over(Connection& connection, base::WorkerId to, std::string unread) {
  if (!connection.is_open()) return;
  connection.phase_ = Connection::Phase::ending;
  connection.is_leaving_ = true;
  departures_.push_back({connection.slot_, connection.generation_, 0, 0, to, std::move(unread)});
}

// Nobody looks at any connection now.
void Worker::perform_departures() {
  for (Departure& departure : std::exchange(departures_, {})) {
    Connection* const connection = slab_.find(departure.slot, departure.generation);
    if (connection == nullptr) continue;
    // What it has just said, such as the answer before this request, goes first.
    flusher_.flush(*connection);
    if (!connection->is_flushed() || connection->is_blocked_) {
      connection->end_reason_ = EndReason::slow_client;
      release(*connection);
      continue;
    }
    if (departure.to) {
      send_away(*connection, *departure.to, std::move(departure.unread));
      continue;
    }
    Connection* const session = find_open(departure.session_slot, departure.session_generation);
    if (session != nullptr && session->descriptor_ < 0) {
      adopt_socket(*session, *connection);
    } else {
      connection->end_reason_ = EndReason::disconnected;
      release(*connection);
    }
  }
}

void Worker::adopt_socket(Connection& session, Connection& giver) {
  session.descriptor_ = std::exchange(giver.descriptor_, -1);
  session.transport_ = std::move(giver.transport_);
  session.bytes_received_ += giver.bytes_received_;
  session.bytes_sent_ += giver.bytes_sent_;
  session.is_hung_up_ = giver.is_hung_up_;
  set_remote_address(session, remote_address_told(giver));
  session.closes_after_flush_ = false;
  session.last_seen_ = now_;
  std::unique_ptr<std::string> unread = std::move(giver.unread_);
  guard(giver, [&] { giver.wire_->on_gone(*this, giver); });
  // The socket keeps its place.
  parts_.sessions.give_back(1);
  leave_slot(giver);
  // Changing what is watched asks anew what is ready, so no edge is lost between the two.
  if (!is_watched(session, readiness_.change(session.descriptor_, watched_edges, session.slot_))) return;
  guard(session, [&] { session.wire_->on_socket(*this, session); });
  flusher_.unblock(session);
  if (!unread) return again(session);
  session.is_readable_ = true;
  if (session.reads_paused_) {
    session.unread_ = std::move(unread);
    return;
  }
  take_bytes(session, {unread->data(), unread->size()});
  again(session);
}

void Worker::send_away(Connection& connection, base::WorkerId to, std::string unread) {
  auto traveller = std::make_shared<Traveller>();
  readiness_.remove(connection.descriptor_);
  traveller->descriptor = std::exchange(connection.descriptor_, -1);
  traveller->kind = connection.kind_;
  traveller->transport = std::move(connection.transport_);
  traveller->since = connection.since_;
  traveller->bytes_received = connection.bytes_received_;
  traveller->remote_address = remote_address_told(connection);
  traveller->unread = std::move(unread);
  if (connection.unread_) traveller->unread += *connection.unread_;
  metrics_.handed_over.add();
  // It keeps its place in the count of connections.
  leave_slot(connection);
  post(to, [traveller](Worker& worker) { worker.arrive(*traveller); });
}

void Worker::arrive(Traveller& traveller) {
  Connection& connection = slab_.take();
  connection.descriptor_ = std::exchange(traveller.descriptor, -1);
  connection.kind_ = traveller.kind;
  connection.transport_ = std::move(traveller.transport);
  connection.since_ = traveller.since;
  connection.last_seen_ = now_;
  connection.bytes_received_ = traveller.bytes_received;
  set_remote_address(connection, traveller.remote_address);
  metrics_.connections[static_cast<std::size_t>(Protocol::http)].add();
  guard(connection, [&] {
    if (connection.transport_) parts_.edge.adopt_transport(*this, *connection.transport_);
    connection.wire_ = parts_.edge.make_wire(*this, traveller.kind);
    connection.wire_->on_start(*this, connection);
  });
  if (!is_watched(connection, readiness_.add(connection.descriptor_, watched_edges, connection.slot_))) return;
  connection.is_readable_ = true;
  take_bytes(connection, {traveller.unread.data(), traveller.unread.size()});
  again(connection);
}

}  // namespace sluice::workers
