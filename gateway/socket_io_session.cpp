#include "gateway/socket_io_session.hpp"

#include <algorithm>
#include <utility>

#include "gateway/encodings.hpp"
#include "gateway/engine_io.hpp"
#include "gateway/engine_session.hpp"
#include "gateway/rfc6455.hpp"
#include "gateway/socket_io_socket.hpp"
#include "gateway/socket_recovery.hpp"
#include "gateway/subscription.hpp"
#include "workers/worker.hpp"

namespace sluice::gateway {

using base::Errc;
using base::fail;
using socket_io::PacketType;
using workers::Connection;
using workers::EndReason;
using workers::RoomKey;
using workers::Worker;

namespace {

// The session of this connection, if it is still one.
SocketIoSession* session_of(Connection& connection) {
  auto* const engine = dynamic_cast<EngineSession*>(&connection.wire());
  return engine == nullptr ? nullptr : dynamic_cast<SocketIoSession*>(&engine->application());
}

// A message that was missed is one for a room that was heard then.
bool was_heard(const workers::Message& message, const std::vector<BrokenSocket::Room>& rooms) {
  return std::ranges::any_of(message.target.rooms, [&](const RoomKey& key) {
    if (key.kind == RoomKey::Kind::everyone) return true;
    return std::ranges::any_of(rooms,
                               [&](const auto& room) { return room.key == key && room.joined_place < message.place; });
  });
}

}  // namespace

SocketIoSession::SocketIoSession(WorkerContext& context, std::vector<RoomKey> rooms) : context_(context) {
  if (rooms.size() == 1 && rooms[0].name == default_room) return;
  rooms_ = std::make_unique<std::vector<RoomKey>>(std::move(rooms));
}

void SocketIoSession::on_open(Worker& worker, Connection&) {
  connect_by_ = worker.now() + context_.options.socket_io_connect_timeout_ms;
}

std::optional<base::TimePoint> SocketIoSession::deadline() const {
  return connect_by_ == base::TimePoint{} ? std::nullopt : std::optional(connect_by_);
}

void SocketIoSession::on_deadline(Worker& worker, Connection& connection) {
  worker.end(connection,
             {EndReason::handshake_timeout, rfc6455::close_code::policy, "no namespace was joined in time"});
}

void SocketIoSession::send(Worker& worker, Connection& connection, std::string_view text) {
  std::string frame;
  engine_io::append_packet(frame, engine_io::PacketType::message, text);
  worker.send(connection, frame);
}

SocketIoSession::Joined* SocketIoSession::find(base::NamespaceId name_space) {
  const auto found = std::ranges::find(joined_, name_space, &Joined::name_space);
  return found == joined_.end() ? nullptr : &*found;
}

// --- packets ---

base::Result<bool> SocketIoSession::on_message(Worker& worker, Connection& connection, bool is_binary,
                                               std::string_view data) {
  if (is_binary) {
    if (!pending_)
      return fail(Errc::bad_request,
                  "bytes came that belong to no event; a client with another parser, such as msgpack?");
    if (!pending_->add(data)) return fail(Errc::bad_request, "an event and its attachments are over maxPayload");
    if (!pending_->is_complete()) return true;
    const std::unique_ptr<PendingEvent> whole = std::move(pending_);
    return on_packet(worker, connection, whole->packet(), whole->take_attachments());
  }
  if (pending_) return fail(Errc::bad_request, "text came while attachments of an event were awaited");
  const auto packet = socket_io::parse_packet(data);
  if (!packet) return packet.error();
  if (packet->attachments == 0) return on_packet(worker, connection, *packet, {});
  pending_ = std::make_unique<PendingEvent>(data, *packet, context_.options.message_bytes_max);
  return true;
}

base::Result<bool> SocketIoSession::on_packet(Worker& worker, Connection& connection, const socket_io::Packet& packet,
                                              std::vector<std::string> attachments) {
  if (packet.type == PacketType::connect) {
    const auto status = on_connect(worker, connection, packet);
    return status ? base::Result<bool>(true) : status.error();
  }
  const auto name_space = context_.namespaces.find(packet.name_space);
  Joined* const joined = name_space ? find(*name_space) : nullptr;
  if (joined == nullptr || joined->is_claimed) {
    return fail(Errc::bad_request, "a packet came for a namespace that was not joined");
  }
  Connection* const rider = worker.find_open(joined->slot, joined->generation);
  // The server has just taken the client out, which it need not know yet.
  if (rider == nullptr) return true;
  switch (packet.type) {
    case PacketType::event:
    case PacketType::binary_event:
      return on_event(worker, connection, *rider, packet, std::move(attachments));
    case PacketType::ack:
    case PacketType::binary_ack:
      if (packet.ack_id) {
        static_cast<SocketIoSocket&>(rider->wire())
            .on_acknowledged(worker.id_of(*rider), *packet.ack_id, packet.payload, std::move(attachments));
      }
      return true;
    case PacketType::disconnect:
      std::erase_if(joined_, [&](const Joined& one) { return one.name_space == *name_space; });
      worker.abandon(*rider, EndReason::client_closed);
      return true;
    case PacketType::connect:
    case PacketType::connect_error:
      return true;
  }
  return true;
}

base::Status SocketIoSession::on_connect(Worker& worker, Connection& connection, const socket_io::Packet& packet) {
  const auto name_space = context_.namespaces.find(packet.name_space);
  if (!name_space) {
    send(worker, connection, socket_io::connect_error_text(packet.name_space, socket_io::invalid_namespace));
    return base::ok();
  }
  if (const Joined* const joined = find(*name_space)) {
    if (joined->is_claimed || worker.find_open(joined->slot, joined->generation) != nullptr) {
      return fail(Errc::bad_request, "a namespace was joined twice");
    }
    std::erase_if(joined_, [&](const Joined& one) { return one.name_space == *name_space; });
  }
  connect_by_ = {};
  joined_.push_back({*name_space, true});
  const socket_io::ConnectRequest request = socket_io::parse_connect(packet);
  if (request.pid.empty()) {
    join(worker, connection, *name_space, std::string(packet.payload));
    return base::ok();
  }
  const auto since = base::Position::parse(request.offset);
  const std::uint32_t slot = connection.slot(), generation = connection.generation();
  claim_socket(worker, context_, request.pid,
               [slot, generation, wish = Return{*name_space, request.pid, since, std::string(packet.payload)}](
                   Worker& here, WorkerContext& context, std::optional<BrokenSocket> socket) {
                 Connection* const found = here.find_open(slot, generation);
                 SocketIoSession* const session = found != nullptr ? session_of(*found) : nullptr;
                 if (session != nullptr) {
                   return session->on_claimed(here, *found, wish, std::move(socket));
                 }
                 if (socket) save_socket(here, context, wish.pid, *std::move(socket));
               });
  return base::ok();
}

// --- joining ---

void SocketIoSession::join(Worker& worker, Connection& connection, base::NamespaceId name_space, std::string auth) {
  auto wire = std::make_unique<SocketIoSocket>(context_, context_.seals.make_socket_id());
  SocketIoSocket& socket = *wire;
  Connection& rider = worker.open_rider(connection, std::move(wire));
  workers::Announcement announcement{name_space, socket_io_events, {}, std::nullopt};
  if (rooms_) {
    announcement.rooms = *rooms_;
  } else {
    announcement.rooms.push_back(RoomKey::room(std::string(default_room)));
  }
  announcement.rooms.push_back(RoomKey::room(socket.sid()));
  const workers::Announced announced = worker.announce(rider, std::move(announcement));
  const bool can_come_back = worker.options().history_messages > 0 && context_.options.recovery_sockets_max > 0;
  socket.begin(can_come_back ? worker.id_of(rider) : base::ConnectionId(), Seals::make_nonce(), announced.position);
  welcome(worker, connection, rider, std::move(auth), false);
}

// The socket is a member: the client and backends are told.
void SocketIoSession::welcome(Worker& worker, Connection& connection, Connection& rider, std::string auth,
                              bool is_recovered) {
  const base::NamespaceId name_space = rider.name_space();
  const auto& socket = static_cast<SocketIoSocket&>(rider.wire());
  *find(name_space) = {name_space, false, rider.slot(), rider.generation()};
  send(worker, connection,
       socket_io::connect_text(context_.namespaces.name_of(name_space), socket.sid(), socket.pid()));
  worker.tell_connected(rider, std::move(auth), is_recovered);
}

void SocketIoSession::on_claimed(Worker& worker, Connection& connection, const Return& wish,
                                 std::optional<BrokenSocket> socket) {
  Joined* const joined = find(wish.name_space);
  if (joined == nullptr || !joined->is_claimed) {
    if (socket) save_socket(worker, context_, wish.pid, *std::move(socket));
    return;
  }
  if (socket && socket->name_space == wish.name_space && rejoin(worker, connection, *socket, wish)) return;
  join(worker, connection, wish.name_space, wish.auth);
}

// Lets the client go on as the socket that it was; false if some of what it missed is lost.
bool SocketIoSession::rejoin(Worker& worker, Connection& connection, const BrokenSocket& socket, const Return& wish) {
  auto wire = std::make_unique<SocketIoSocket>(context_, Seals::socket_id_of(socket.sid));
  SocketIoSocket& fresh = *wire;
  Connection& rider = worker.open_rider(connection, std::move(wire));
  // Without an offset the client has had nothing at all.
  workers::Announcement announcement{socket.name_space, socket_io_events, {}, wish.since ? *wish.since : socket.start};
  for (const BrokenSocket::Room& room : socket.rooms) announcement.rooms.push_back(room.key);
  workers::Announced announced = worker.announce(rider, std::move(announcement));
  if (announced.gap != workers::Gap::none) {
    worker.abandon(rider, EndReason::refused);
    return false;
  }
  fresh.begin(*context_.seals.open(Seals::Purpose::recovery, wish.pid), Seals::nonce_of(wish.pid), socket.start);
  fresh.restore(worker, rider, socket.rooms);
  note_socket_alive(worker, context_, wish.pid, worker.id_of(rider));
  welcome(worker, connection, rider, wish.auth, true);
  std::erase_if(announced.missed, [&](const auto& message) { return !was_heard(*message, socket.rooms); });
  worker.replay(rider, std::move(announced.missed));
  return true;
}

// --- events ---

base::Result<bool> SocketIoSession::on_event(Worker& worker, Connection& connection, Connection& rider,
                                             const socket_io::Packet& packet, std::vector<std::string> attachments) {
  const auto event = socket_io::parse_event(packet);
  if (!event) return event.error();
  std::size_t bytes = packet.payload.size();
  for (const std::string& attachment : attachments) bytes += attachment.size();
  worker.count_received(rider, bytes);
  Waiting waiting{std::make_shared<workers::Message>(), rider.name_space(), packet.ack_id, 0};
  workers::Message& message = *waiting.message;
  message.target.name_space = rider.name_space();
  socket_io::fill_message(*event, std::move(attachments), message);
  const auto answer = [&](std::string_view arguments) {
    if (!packet.ack_id) return;
    send(worker, connection, socket_io::ack_text(packet.name_space, *packet.ack_id, arguments));
  };
  switch (context_.options.client_messages) {
    case ClientMessages::backend:
      return hand_to_backend(worker, rider, std::move(waiting));
    case ClientMessages::drop:
      worker.drop_received(workers::DropReason::policy);
      answer("[0]");
      return true;
    case ClientMessages::echo:
      message.accepted = worker.now();
      worker.deliver_to(rider, waiting.message);
      answer("[1]");
      return true;
    case ClientMessages::relay:
      break;
  }
  // To everyone in its rooms but itself, as socket.broadcast.emit() would: what names it is the room of its own.
  RoomKey own = RoomKey::room(static_cast<SocketIoSocket&>(rider.wire()).sid());
  message.target.rooms = worker.named_rooms(rider);
  std::erase(message.target.rooms, own);
  if (message.target.rooms.empty()) {
    answer("[0]");
    return true;
  }
  waiting.own = message.target.rooms.size();
  message.target.except_rooms.push_back(std::move(own));
  return publish(worker, connection, std::move(waiting));
}

// False: backends are behind.
bool SocketIoSession::hand_to_backend(Worker& worker, const Connection& rider, Waiting waiting) {
  if (!offer(worker, rider, waiting.message, waiting.ack_id)) return true;
  waiting_ = std::make_unique<Waiting>(std::move(waiting));
  return false;
}

// False: there is no room for it yet.
bool SocketIoSession::publish(Worker& worker, Connection& connection, Waiting waiting) {
  const auto receipt = worker.publish(waiting.message);
  if (!receipt && receipt.error().code == Errc::exhausted) {
    waiting_ = std::make_unique<Waiting>(std::move(waiting));
    return false;
  }
  if (!waiting.ack_id) return true;
  const std::uint64_t reached = receipt ? receipt->matched - std::min<std::uint64_t>(receipt->matched, waiting.own) : 0;
  send(worker, connection,
       socket_io::ack_text(context_.namespaces.name_of(waiting.name_space), *waiting.ack_id,
                           "[" + std::to_string(reached) + "]"));
  return true;
}

bool SocketIoSession::on_resume(Worker& worker, Connection& connection) {
  if (!waiting_) return true;
  const std::unique_ptr<Waiting> waiting = std::move(waiting_);
  if (!waiting->message->target.empty()) return publish(worker, connection, std::move(*waiting));
  const Joined* const joined = find(waiting->name_space);
  const Connection* const rider = joined != nullptr ? worker.find_open(joined->slot, joined->generation) : nullptr;
  return rider == nullptr || hand_to_backend(worker, *rider, std::move(*waiting));
}

// --- the end ---

// The transport is gone; the client did not say that it leaves, and may come back.
void SocketIoSession::on_end(Worker& worker, Connection&, EndReason reason) {
  for (const Joined& joined : std::exchange(joined_, {})) {
    Connection* const rider = joined.is_claimed ? nullptr : worker.find_open(joined.slot, joined.generation);
    if (rider == nullptr) continue;
    const auto& socket = static_cast<SocketIoSocket&>(rider->wire());
    const std::string pid = socket.pid();
    if (!pid.empty() && reason != EndReason::disconnected) {
      save_socket(worker, context_, pid, socket.broken(worker, *rider));
    }
    worker.abandon(*rider, reason);
  }
}

}  // namespace sluice::gateway
