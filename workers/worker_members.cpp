// The part of Worker that is about who is where: announcing, joining, leaving, and what calls learn of a connection.
#include <sys/socket.h>

#include <algorithm>

#include "base/assert.hpp"
#include "workers/worker.hpp"

namespace sluice::workers {
namespace {

std::chrono::milliseconds milliseconds(base::Duration duration) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(duration);
}

// What getsockname or getpeername says; 0.0.0.0:0 if the kernel has forgotten.
template <class Ask>
base::Address ask(int descriptor, Ask&& name_of) {
  sockaddr_storage storage{};
  socklen_t bytes = sizeof storage;
  if (name_of(descriptor, reinterpret_cast<sockaddr*>(&storage), &bytes) != 0) return {};
  return storage.ss_family == AF_INET || storage.ss_family == AF_INET6 ? base::Address::from(storage) : base::Address();
}

}  // namespace

bool Worker::is_covered(base::NamespaceId name_space, std::span<const RoomKey> rooms,
                        std::optional<base::Position> since) {
  if (!has_shared_broker()) return true;
  static const RoomKey everyone = RoomKey::everyone();
  Sequencer& here = sequencer(name_space);
  return here.covers({&everyone, 1}, since, now_) && here.covers(rooms, since, now_);
}

std::optional<base::Status> Worker::prepare(base::NamespaceId name_space, std::vector<RoomKey> rooms,
                                            std::optional<base::Position> since, OnPrepared then) {
  Sequencer& here = sequencer(name_space);
  rooms.push_back(RoomKey::everyone());
  if (here.covers(rooms, since, now_)) return base::ok();
  return parts_.broker.prepare(here, rooms, since,
                               [&mailbox = mailbox(), then = std::move(then)](const base::Status& status) {
                                 mailbox.force([then, status](Worker& there) {
                                   if (then) then(there, status);
                                 });
                               });
}

void Worker::tell_gap(const Target& target, GapReason reason) {
  delivery_.for_each(target, any_place, [&](Connection& connection) {
    tell_gap(connection, reason);
    connection.wire().on_gap(*this, slab_.carrier_of(connection));
  });
}

Announced Worker::announce(Connection& connection, Announcement announcement) {
  owner_.check();
  SLUICE_ASSERT(connection.is_open() && !connection.is_announced_);
  std::vector<RoomKey> keys = std::move(announcement.rooms);
  metrics_.joins.add(static_cast<std::uint64_t>(
      std::ranges::count_if(keys, [](const RoomKey& key) { return key.kind == RoomKey::Kind::room; })));
  keys.insert(keys.begin(), RoomKey::everyone());
  Joined joined = sequencer(announcement.name_space).join(parts_.id, keys, announcement.since);
  keep_covered(announcement.name_space, keys);
  connection.name_space_ = announcement.name_space;
  connection.format_ = announcement.format;
  connection.is_announced_ = true;
  if (announcement.credentials) renew(connection, std::move(announcement.credentials));
  for (const RoomKey& key : keys) {
    rooms_.join(connection.name_space_, key, connection.slot_, connection.memberships_, joined.place);
  }
  return announced_of(std::move(joined), announcement.since);
}

Announced Worker::announced_of(Joined joined, std::optional<base::Position> since) {
  Announced announced{joined.position, joined.replay.gap, std::move(joined.replay.messages)};
  if (!since) return announced;
  metrics_.replays.add();
  // A client that breaks off while it catches up must be able to come back from where it was.
  if (announced.gap == Gap::none || announced.gap == Gap::evicted) announced.position = *since;
  return announced;
}

// Whoever joins without having prepared is to hear what comes, if not at once.
void Worker::keep_covered(base::NamespaceId name_space, std::span<const RoomKey> rooms) {
  Sequencer& here = sequencer(name_space);
  if (!here.covers(rooms, std::nullopt, now_)) {
    static_cast<void>(parts_.broker.prepare(here, rooms, std::nullopt, nullptr));
  }
}

void Worker::replay(Connection& connection, std::vector<std::shared_ptr<const Message>> missed) {
  if (!missed.empty() && connection.is_open()) delivery_.catch_up(connection, std::move(missed), now_);
}

Worker::RoomsChange Worker::join(Connection& connection, std::span<const RoomKey> rooms) {
  owner_.check();
  RoomsChange change;
  std::vector<RoomKey> fresh;
  std::size_t named = named_room_count(connection);
  for (const RoomKey& key : rooms) {
    if (rooms_.is_member(connection.name_space_, key, connection.memberships_)) continue;
    if (std::ranges::find(fresh, key) != fresh.end()) continue;
    if (key.kind == RoomKey::Kind::room && named++ >= parts_.options.rooms_per_connection_max) {
      change.refused = true;
      break;
    }
    fresh.push_back(key);
  }
  if (fresh.empty()) return change;
  change.changed = true;
  join_fresh(connection, fresh, std::nullopt);
  return change;
}

Announced Worker::join_since(Connection& connection, std::span<const RoomKey> rooms,
                             std::optional<base::Position> since) {
  owner_.check();
  return announced_of(join_fresh(connection, rooms, since), since);
}

Joined Worker::join_fresh(Connection& connection, std::span<const RoomKey> rooms, std::optional<base::Position> since) {
  metrics_.joins.add(rooms.size());
  Joined joined = sequencer(connection.name_space_).join(parts_.id, rooms, since);
  keep_covered(connection.name_space_, rooms);
  for (const RoomKey& key : rooms) {
    rooms_.join(connection.name_space_, key, connection.slot_, connection.memberships_, joined.place);
  }
  tell_rooms(connection, ClientEvent::Kind::joined, rooms);
  connection.wire_->on_rooms_changed(*this, connection);
  return joined;
}

Worker::RoomsChange Worker::leave(Connection& connection, std::span<const RoomKey> rooms) {
  owner_.check();
  std::vector<RoomKey> left;
  for (const RoomKey& key : rooms) {
    if (rooms_.leave(connection.name_space_, key, connection.memberships_, memberships_of())) left.push_back(key);
  }
  if (left.empty()) return {};
  metrics_.leaves.add(left.size());
  sequencer(connection.name_space_).leave(parts_.id, left);
  tell_rooms(connection, ClientEvent::Kind::left, left);
  connection.wire_->on_rooms_changed(*this, connection);
  return {.changed = true};
}

Connection* Worker::find(base::ConnectionId id) {
  if (id.incarnation != parts_.incarnation || id.worker() != parts_.id) return nullptr;
  Connection* const connection = slab_.find(id.slot, id.generation);
  return connection != nullptr && connection->is_open() && connection->is_announced_ ? connection : nullptr;
}

base::ConnectionId Worker::id_of(const Connection& connection) const {
  return {parts_.incarnation, parts_.id, connection.slot_, connection.generation_};
}

base::Address Worker::remote_address(const Connection& connection) const {
  const Connection& carrier = slab_.at(connection.carrier_);
  const auto told = remote_address_told(carrier);
  return told ? *told : ask(carrier.descriptor_, getpeername);
}

std::optional<base::Address> Worker::remote_address_told(const Connection& connection) const {
  if (connection.has_remote_address_) return remote_addresses_.at(connection.slot_);
  return connection.transport_ ? connection.transport_->remote_address() : std::nullopt;
}

void Worker::set_remote_address(Connection& connection, const std::optional<base::Address>& address) {
  if (address) {
    remote_addresses_[connection.slot_] = *address;
  } else if (connection.has_remote_address_) {
    remote_addresses_.erase(connection.slot_);
  }
  connection.has_remote_address_ = address.has_value();
}

base::Address Worker::local_address(const Connection& connection) const {
  return ask(connection.descriptor_, getsockname);
}

std::vector<RoomKey> Worker::named_rooms(const Connection& connection) const {
  std::vector<RoomKey> rooms;
  for (const auto& membership : connection.memberships().all()) {
    if (membership.room->key().kind == RoomKey::Kind::room) rooms.push_back(membership.room->key());
  }
  return rooms;
}

std::size_t Worker::named_room_count(const Connection& connection) const {
  return static_cast<std::size_t>(std::ranges::count_if(connection.memberships().all(), [](const auto& membership) {
    return membership.room->key().kind == RoomKey::Kind::room;
  }));
}

// --- what backends are told ---

ClientEvent Worker::event_of(const Connection& connection, ClientEvent::Kind kind) const {
  ClientEvent event;
  event.kind = kind;
  event.connection = id_of(connection);
  event.name_space = connection.name_space_;
  event.protocol = connection.wire_->protocol();
  event.session = connection.wire_->session_id();
  return event;
}

// --- credentials ---

const Credentials* Worker::credentials_of(const Connection& connection) const {
  return connection.has_credentials_ ? wallet_.find(connection.slot_) : nullptr;
}

void Worker::renew(Connection& connection, std::shared_ptr<const Credentials> credentials) {
  owner_.check();
  connection.has_credentials_ = true;
  wallet_.put(connection.slot_, std::move(credentials));
}

// The slot will be somebody else's, who must not end with them.
void Worker::forget_credentials(Connection& connection) {
  if (!connection.has_credentials_) return;
  connection.has_credentials_ = false;
  wallet_.forget(connection.slot_);
}

std::uint64_t Worker::revoke(const Revoked& revoked) {
  std::uint64_t ended = 0;
  wallet_.for_each(revoked, [&](std::uint32_t slot) {
    if (!slab_.at(slot).is_open()) return;
    expire(slot, "the token was revoked");
    ++ended;
  });
  return ended;
}

void Worker::expire(std::uint32_t slot, const char* why) {
  // "Unauthorized" in the registry of close codes.
  end(slab_.at(slot), {EndReason::expired, 3000, why});
}

std::string Worker::user_of(const Connection& connection) const {
  for (const auto& membership : connection.memberships().all()) {
    if (membership.room->key().kind == RoomKey::Kind::user) return membership.room->key().name;
  }
  return {};
}

bool Worker::ask_verdict(const Connection& connection, std::uint64_t number, VerdictQuestion question) {
  ClientEvent event = event_of(connection, ClientEvent::Kind::connecting);
  event.verdict = number;
  event.protocol = question.protocol;
  event.asked_name_space = std::move(question.name_space);
  event.remote_address = remote_address(connection).text();
  event.user = std::move(question.user);
  event.details = std::move(question.details);
  event.is_recovered = question.is_recovered;
  return parts_.backend.offer(std::move(event)) == Backend::Offer::taken;
}

ClientEvent Worker::connected_event(const Connection& connection) const {
  ClientEvent event = event_of(connection, ClientEvent::Kind::connected);
  event.remote_address = remote_address(connection).text();
  event.user = user_of(connection);
  if (const Credentials* const credentials = credentials_of(connection)) event.labels = credentials->labels;
  for (RoomKey& key : named_rooms(connection)) event.rooms.push_back(std::move(key.name));
  return event;
}

void Worker::tell_connected(Connection& connection, ConnectDetails details, bool is_recovered,
                            const base::ConnectionId& moved_from) {
  if (!connection.is_announced_ || !parts_.backend.is_listening()) return;
  ClientEvent event = connected_event(connection);
  event.details = std::move(details);
  event.is_recovered = is_recovered;
  event.moved_from = moved_from;
  connection.is_told_ = parts_.backend.offer(std::move(event)) == Backend::Offer::taken;
}

std::optional<ClientEvent> Worker::told_again(const Connection& connection) const {
  if (!connection.is_told_) return std::nullopt;
  ClientEvent event = connected_event(connection);
  event.is_again = true;
  event.connected_for = milliseconds(now_ - connection.since_);
  return event;
}

Backend::Offer Worker::tell_message(const Connection& connection, std::shared_ptr<const Message> message,
                                    std::optional<std::uint64_t> ack_id) {
  ClientEvent event = event_of(connection, ClientEvent::Kind::message);
  event.name_space = message->target.name_space;
  for (const RoomKey& key : message->target.rooms) event.rooms.push_back(key.name);
  event.message = std::move(message);
  event.ack_id = ack_id;
  return parts_.backend.offer(std::move(event));
}

void Worker::tell_disconnected(Connection& connection) {
  if (!connection.is_told_) {
    // They may know of it by what it said.
    if (parts_.backend.is_listening()) parts_.backend.forget(id_of(connection));
    return;
  }
  connection.is_told_ = false;
  const Connection& carrier = slab_.at(connection.carrier_);
  ClientEvent event = event_of(connection, ClientEvent::Kind::disconnected);
  event.reason = connection.end_reason_;
  event.connected_for = milliseconds(now_ - connection.since_);
  event.messages_received = connection.messages_received_;
  event.bytes_received = carrier.bytes_received_;
  event.bytes_sent = carrier.bytes_sent_;
  static_cast<void>(parts_.backend.offer(std::move(event)));
}

void Worker::tell_rooms(const Connection& connection, ClientEvent::Kind kind, std::span<const RoomKey> rooms) {
  if (rooms.empty() || !parts_.backend.wants(kind)) return;
  ClientEvent event = event_of(connection, kind);
  for (const RoomKey& key : rooms) event.rooms.push_back(key.name);
  static_cast<void>(parts_.backend.offer(std::move(event)));
}

// One event a turn and reason, however many messages it were.
void Worker::tell_dropped() {
  for (const Delivery::Dropped& dropped : delivery_.take_dropped()) {
    const Connection* connection = find_open(dropped.slot, dropped.generation);
    if (connection == nullptr) continue;
    if (!connection->is_announced_) connection = connection->wire_->first_rider(*this);
    if (connection == nullptr) continue;
    ClientEvent event = event_of(*connection, ClientEvent::Kind::dropped);
    event.drop_reason = dropped.reason;
    event.dropped = dropped.messages;
    static_cast<void>(parts_.backend.offer(std::move(event)));
  }
}

void Worker::take_answer(base::ConnectionId id, std::uint64_t ack_id, const Message& answer) {
  Connection* const connection = find(id);
  if (connection == nullptr) return parts_.edge.on_stray_answer(*this, id, ack_id, answer);
  guard(*connection, [&] { connection->wire_->on_answer(*this, *connection, ack_id, answer); });
}

MemberInfo Worker::member_of(const Connection& connection) const {
  const Credentials* const credentials = credentials_of(connection);
  return {.id = id_of(connection),
          .session = connection.wire_->session_id(),
          .user = user_of(connection),
          .labels = credentials != nullptr ? credentials->labels : base::Labels()};
}

ConnectionInfo Worker::info_of(const Connection& connection) const {
  const Connection& carrier = slab_.at(connection.carrier_);
  MemberInfo member = member_of(connection);
  ConnectionInfo info;
  info.id = member.id;
  info.session = std::move(member.session);
  info.name_space = connection.name_space_;
  info.protocol = connection.wire_->protocol();
  info.user = std::move(member.user);
  info.labels = std::move(member.labels);
  for (RoomKey& key : named_rooms(connection)) info.rooms.push_back(std::move(key.name));
  info.remote_address = remote_address(connection).text();
  info.connected_for = milliseconds(now_ - connection.since_);
  info.silent_for = milliseconds(now_ - carrier.last_seen_);
  info.outbox_bytes = carrier.outbox_.bytes();
  info.outbox_messages = carrier.outbox_.messages();
  if (!carrier.outbox_.is_empty()) info.outbox_age = milliseconds(now_ - carrier.outbox_.oldest());
  info.messages_received = connection.messages_received_;
  info.messages_sent = carrier.messages_sent_;
  info.bytes_received = carrier.bytes_received_;
  info.bytes_sent = carrier.bytes_sent_;
  return info;
}

}  // namespace sluice::workers
