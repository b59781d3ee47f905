#include "gateway/socket_io_session.hpp"

#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "gateway/encodings.hpp"
#include "gateway/engine_io.hpp"
#include "gateway/engine_session.hpp"
#include "gateway/reached.hpp"
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

constexpr std::size_t namespaces_max = 128;  // that one client may join

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

SocketIoSession::SocketIoSession(WorkerContext& context, std::vector<RoomKey> rooms, workers::ConnectDetails details)
    : context_(context) {
  const bool is_default = rooms.size() == 1 && rooms[0].name == default_room;
  if (is_default && details.parameters.empty() && details.headers.empty()) return;
  handshake_ = std::make_unique<Handshake>(Handshake{std::move(rooms), std::move(details)});
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

SocketIoSession::Joined* SocketIoSession::find(std::string_view name_space) {
  const auto found = std::ranges::find_if(
      joined_, [&](const Joined& one) { return context_.namespaces.name_of(one.name_space) == name_space; });
  return found == joined_.end() ? nullptr : &*found;
}

SocketIoSession::Joining& SocketIoSession::add_joining(Joining joining) {
  if (!joining_) joining_ = std::make_unique<std::vector<Joining>>();
  return joining_->emplace_back(std::move(joining));
}

std::optional<SocketIoSession::Joining> SocketIoSession::take_joining(std::uint32_t slot, std::uint32_t generation) {
  if (!joining_) return std::nullopt;
  const auto found = std::ranges::find_if(
      *joining_, [&](const Joining& one) { return one.slot == slot && one.generation == generation; });
  if (found == joining_->end()) return std::nullopt;
  std::optional<Joining> taken = std::move(*found);
  joining_->erase(found);
  if (joining_->empty()) joining_.reset();
  return taken;
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
  Joined* const joined = find(packet.name_space);
  if (joined == nullptr) return fail(Errc::bad_request, "a packet came for a namespace that was not joined");
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
      joined_.erase(joined_.begin() + (joined - joined_.data()));
      worker.abandon(*rider, EndReason::client_closed);
      return true;
    case PacketType::connect:
    case PacketType::connect_error:
      return true;
  }
  return true;
}

base::Status SocketIoSession::on_connect(Worker& worker, Connection& connection, const socket_io::Packet& packet) {
  const auto is_joining = [&](const Joining& one) { return one.name_space == packet.name_space; };
  const bool is_twice = joining_ && std::ranges::any_of(*joining_, is_joining);
  const Joined* const joined = find(packet.name_space);
  if (is_twice || (joined != nullptr && worker.find_open(joined->slot, joined->generation) != nullptr)) {
    return fail(Errc::bad_request, "a namespace was joined twice");
  }
  // The server has taken the client out, which it has been told.
  if (joined != nullptr) joined_.erase(joined_.begin() + (joined - joined_.data()));
  const auto say_no = [&](std::string_view message) {
    send(worker, connection, socket_io::connect_error_text(packet.name_space, message));
    return base::ok();
  };
  if (!context_.namespaces.allows(packet.name_space)) return say_no(socket_io::invalid_namespace);
  if (joined_.size() + (joining_ ? joining_->size() : 0) >= namespaces_max) return say_no("Too many namespaces");
  connect_by_ = {};
  const socket_io::ConnectRequest request = socket_io::parse_connect(packet);
  const Connection& rider =
      worker.open_rider(connection, std::make_unique<SocketIoSocket>(context_, context_.seals.make_socket_id()));
  Joining joining{rider.slot(),
                  rider.generation(),
                  std::string(packet.name_space),
                  std::string(packet.payload),
                  request.pid,
                  base::Position::parse(request.offset),
                  {},
                  {}};
  if (context_.options.connect_verdict == ConnectVerdict::required) {
    ask(worker, connection, add_joining(std::move(joining)));
  } else {
    admit(worker, connection, std::move(joining));
  }
  return base::ok();
}

// --- joining ---

void SocketIoSession::ask(Worker& worker, Connection& connection, const Joining& joining) {
  const base::ConnectionId id = worker.id_of(connection),
                           rider{id.incarnation, id.worker(), joining.slot, joining.generation};
  const bool is_asked = context_.verdicts.ask(
      worker, *worker.find_open(rider.slot, rider.generation),
      {workers::Protocol::socket_io, joining.name_space, details_of(joining), !joining.pid.empty()},
      [id, rider](Worker& here, const workers::Verdict* verdict) {
        Connection* const found = here.find_open(id.slot, id.generation);
        SocketIoSession* const session = found != nullptr ? session_of(*found) : nullptr;
        if (session != nullptr) {
          here.run_for(*found, [&] {
            if (auto waiting = session->take_joining(rider.slot, rider.generation)) {
              session->take_verdict(here, *found, *std::move(waiting), verdict);
            }
          });
        }
        // If it is neither a member nor about to be one, nobody will ever hear of it again.
        if (here.find_open(rider.slot, rider.generation) == nullptr) here.forget_verdict(rider);
      });
  if (is_asked) return;
  auto waiting = take_joining(joining.slot, joining.generation);
  refuse(worker, connection, *waiting, "No backend is there that could say who may come in");
}

void SocketIoSession::take_verdict(Worker& worker, Connection& connection, Joining joining,
                                   const workers::Verdict* verdict) {
  if (verdict == nullptr) return refuse(worker, connection, joining, "No backend said in time whether you may come in");
  if (!verdict->allows) return refuse(worker, connection, joining, verdict->message, verdict->data);
  joining.admission = {verdict->user, verdict->rooms};
  admit(worker, connection, std::move(joining));
}

void SocketIoSession::refuse(Worker& worker, Connection& connection, const Joining& joining, std::string_view message,
                             std::string_view data) {
  send(worker, connection, socket_io::connect_error_text(joining.name_space, message, data));
  if (Connection* const rider = worker.find_open(joining.slot, joining.generation)) {
    worker.abandon(*rider, EndReason::refused);
  }
  // As at the start: it is here for nothing.
  if (joined_.empty() && !joining_) on_open(worker, connection);
}

void SocketIoSession::admit(Worker& worker, Connection& connection, Joining joining) {
  const auto id = context_.namespaces.resolve(joining.name_space);
  if (!id) {
    if (id.error().code == Errc::exhausted && worker.log_limit().allows(worker.now())) {
      base::log_warning("namespaces_exhausted", {{"namespaces", context_.namespaces.size()},
                                                 {"suppressed", worker.log_limit().take_suppressed()}});
    }
    return refuse(worker, connection, joining, socket_io::invalid_namespace);
  }
  joining.id = *id;
  if (joining.pid.empty()) return join(worker, connection, joining);
  const Joining& waiting = add_joining(std::move(joining));
  claim_socket(worker, context_, waiting.pid,
               [carrier = worker.id_of(connection), slot = waiting.slot, generation = waiting.generation,
                pid = waiting.pid](Worker& here, WorkerContext& context, std::optional<BrokenSocket> socket) {
                 Connection* const found = here.find_open(carrier.slot, carrier.generation);
                 SocketIoSession* const session = found != nullptr ? session_of(*found) : nullptr;
                 auto back = session != nullptr ? session->take_joining(slot, generation) : std::nullopt;
                 if (back) {
                   return here.run_for(*found,
                                       [&] { session->on_claimed(here, *found, *std::move(back), std::move(socket)); });
                 }
                 if (socket) save_socket(here, context, pid, *std::move(socket));
               });
}

std::vector<RoomKey> SocketIoSession::first_rooms(const Joining& joining) const {
  std::vector<RoomKey> rooms = joining.admission.rooms;
  const auto add = [&rooms](const RoomKey& key) {
    if (std::ranges::find(rooms, key) == rooms.end()) rooms.push_back(key);
  };
  // The default one is for those that have no other.
  if (handshake_ && !(handshake_->rooms.size() == 1 && handshake_->rooms[0].name == default_room && !rooms.empty())) {
    std::ranges::for_each(handshake_->rooms, add);
  }
  if (rooms.empty()) add(RoomKey::room(std::string(default_room)));
  return rooms;
}

workers::ConnectDetails SocketIoSession::details_of(const Joining& joining) const {
  workers::ConnectDetails details = handshake_ ? handshake_->details : workers::ConnectDetails();
  details.auth = joining.auth;
  return details;
}

void SocketIoSession::join(Worker& worker, Connection& connection, const Joining& joining) {
  Connection& rider = *worker.find_open(joining.slot, joining.generation);
  auto& socket = static_cast<SocketIoSocket&>(rider.wire());
  workers::Announcement announcement{joining.id, socket_io_events, first_rooms(joining), std::nullopt};
  announcement.rooms.push_back(RoomKey::room(socket.sid()));
  if (!joining.admission.user.empty()) announcement.rooms.push_back(RoomKey::user(joining.admission.user));
  const workers::Announced announced = worker.announce(rider, std::move(announcement));
  const bool can_come_back = worker.options().history_messages > 0 && context_.options.recovery_sockets_max > 0;
  socket.begin(can_come_back ? worker.id_of(rider) : base::ConnectionId(), Seals::make_nonce(), announced.position);
  welcome(worker, connection, rider, joining, false);
}

// The socket is a member: the client and backends are told.
void SocketIoSession::welcome(Worker& worker, Connection& connection, Connection& rider, const Joining& joining,
                              bool is_recovered) {
  const auto& socket = static_cast<SocketIoSocket&>(rider.wire());
  joined_.push_back({joining.id, rider.slot(), rider.generation()});
  send(worker, connection, socket_io::connect_text(joining.name_space, socket.sid(), socket.pid()));
  worker.tell_connected(rider, details_of(joining), is_recovered);
}

void SocketIoSession::on_claimed(Worker& worker, Connection& connection, Joining joining,
                                 std::optional<BrokenSocket> socket) {
  if (socket && socket->name_space == joining.id) {
    if (rejoin(worker, connection, joining, *socket)) return;
    // A member cannot begin again, so another takes its place.
    Connection& tried = *worker.find_slot(joining.slot, joining.generation);
    if (!tried.is_open()) {
      worker.forget_verdict(worker.id_of(tried));
      const Connection& rider =
          worker.open_rider(connection, std::make_unique<SocketIoSocket>(context_, context_.seals.make_socket_id()));
      joining.slot = rider.slot();
      joining.generation = rider.generation();
    }
  }
  join(worker, connection, joining);
}

// Lets the client go on as the socket that it was; false if that was somebody else's, or some of what it missed is
// lost.
bool SocketIoSession::rejoin(Worker& worker, Connection& connection, const Joining& joining,
                             const BrokenSocket& socket) {
  const auto user =
      std::ranges::find(socket.rooms, RoomKey::Kind::user, [](const auto& room) { return room.key.kind; });
  if ((user == socket.rooms.end() ? std::string() : user->key.name) != joining.admission.user) return false;
  workers::Announcement announcement{socket.name_space,
                                     socket_io_events,
                                     {},
                                     // Without an offset the client has had nothing at all.
                                     joining.since ? *joining.since : socket.start};
  for (const BrokenSocket::Room& room : socket.rooms) announcement.rooms.push_back(room.key);
  // What it is given now comes beside what it had.
  for (const RoomKey& key : joining.admission.rooms) {
    if (std::ranges::find(announcement.rooms, key) == announcement.rooms.end()) announcement.rooms.push_back(key);
  }
  auto wire = std::make_unique<SocketIoSocket>(context_, Seals::socket_id_of(socket.sid));
  SocketIoSocket& fresh = *wire;
  Connection& rider = *worker.find_open(joining.slot, joining.generation);
  worker.become(rider, std::move(wire));
  workers::Announced announced = worker.announce(rider, std::move(announcement));
  if (announced.gap != workers::Gap::none) {
    worker.abandon(rider, EndReason::refused);
    return false;
  }
  fresh.begin(*context_.seals.open(Seals::Purpose::recovery, joining.pid), Seals::nonce_of(joining.pid), socket.start);
  fresh.restore(worker, rider, socket.rooms);
  note_socket_alive(worker, context_, joining.pid, worker.id_of(rider));
  welcome(worker, connection, rider, joining, true);
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
  Waiting waiting{std::make_shared<workers::Message>(), rider.name_space(), packet.ack_id};
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
  const auto answer = [name_space = waiting.name_space, ack_id = *waiting.ack_id](
                          Worker& here, Connection& to, SocketIoSession& session, std::uint64_t reached) {
    session.send(here, to,
                 socket_io::ack_text(session.context_.namespaces.name_of(name_space), ack_id,
                                     "[" + std::to_string(reached) + "]"));
  };
  // The sender is in its room, but does not hear itself.
  if (waiting.message->target.rooms.size() == 1 && receipt) {
    answer(worker, connection, *this, receipt->matched - std::min<std::uint64_t>(receipt->matched, 1));
    return true;
  }
  // Who is in several of the rooms counts once, which only the workers can tell.
  count_reached(worker, waiting.message, [answer, id = worker.id_of(connection)](Worker& here, std::uint64_t reached) {
    Connection* const found = here.find_open(id.slot, id.generation);
    SocketIoSession* const session = found != nullptr ? session_of(*found) : nullptr;
    if (session != nullptr) here.run_for(*found, [&] { answer(here, *found, *session, reached); });
  });
  return true;
}

bool SocketIoSession::on_resume(Worker& worker, Connection& connection) {
  if (!waiting_) return true;
  const std::unique_ptr<Waiting> waiting = std::move(waiting_);
  if (!waiting->message->target.empty()) return publish(worker, connection, std::move(*waiting));
  const Joined* const joined = find(context_.namespaces.name_of(waiting->name_space));
  const Connection* const rider = joined != nullptr ? worker.find_open(joined->slot, joined->generation) : nullptr;
  return rider == nullptr || hand_to_backend(worker, *rider, std::move(*waiting));
}

// --- the end ---

// The transport is gone; the client did not say that it leaves, and may come back.
void SocketIoSession::on_end(Worker& worker, Connection&, EndReason reason) {
  if (const auto joining = std::move(joining_)) {
    for (const Joining& one : *joining) {
      if (Connection* const rider = worker.find_open(one.slot, one.generation)) worker.abandon(*rider, reason);
    }
  }
  for (const Joined& joined : std::exchange(joined_, {})) {
    Connection* const rider = worker.find_open(joined.slot, joined.generation);
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
