// How a Socket.IO client joins a namespace: whether it may, as whom, and as which socket.

#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "gateway/encodings.hpp"
#include "gateway/entrance.hpp"
#include "gateway/rfc6455.hpp"
#include "gateway/routes.hpp"
#include "gateway/socket_claims.hpp"
#include "gateway/socket_io_session.hpp"
#include "gateway/socket_io_socket.hpp"
#include "gateway/socket_recovery.hpp"
#include "gateway/subscription.hpp"
#include "workers/worker.hpp"

namespace sluice::gateway {

using base::Errc;
using base::fail;
using workers::Connection;
using workers::EndReason;
using workers::RoomKey;
using workers::Worker;

namespace {

constexpr std::size_t namespaces_max = 128;  // that one client may join

// Whether the socket that broke was that of such a client, which may have had its pid from another.
bool was_of(const BrokenSocket& socket, base::NamespaceId name_space, const std::string& user) {
  const auto own = std::ranges::find(socket.rooms, RoomKey::Kind::user, [](const auto& room) { return room.key.kind; });
  return socket.name_space == name_space && (own == socket.rooms.end() ? std::string() : own->key.name) == user;
}

// What it was in, and what it is given now beside that.
std::vector<RoomKey> rooms_again(const BrokenSocket& socket, const Admission& admission) {
  std::vector<RoomKey> rooms;
  for (const BrokenSocket::Room& room : socket.rooms) rooms.push_back(room.key);
  add_rooms(rooms, admission.rooms);
  return rooms;
}

// Nobody will ever hear again of a rider that is neither a member nor about to be one.
void forget_if_gone(Worker& worker, const base::ConnectionId& rider) {
  if (worker.find_open(rider.slot, rider.generation) == nullptr) worker.forget_verdict(rider);
}

// What a program can tell by why it was refused.
std::string refusal_data(const base::Error& error) {
  return "{\"code\":\"" + std::string(base::row_of(error.code).name) + "\"}";
}

}  // namespace

base::Status SocketIoSession::on_connect(Worker& worker, Connection& connection, const socket_io::Packet& packet) {
  const auto is_joining = [&](const Joining& one) { return one.name_space == packet.name_space; };
  const bool is_twice = joining_count() > 0 && std::ranges::any_of(rare_->joining, is_joining);
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
  if (joined_.size() + joining_count() >= namespaces_max) return say_no("Too many namespaces");
  auto admission = authenticate(packet.payload);
  if (!admission) {
    send(worker, connection,
         socket_io::connect_error_text(packet.name_space, admission.error().detail, refusal_data(admission.error())));
    return base::ok();
  }
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
                  *std::move(admission),
                  {},
                  {}};
  if (context_.options.connect_verdict == ConnectVerdict::required) {
    ask(worker, connection, add_joining(std::move(joining)));
  } else {
    admit(worker, connection, std::move(joining));
  }
  return base::ok();
}

void SocketIoSession::ask(Worker& worker, Connection& connection, const Joining& joining) {
  const base::ConnectionId id = worker.id_of(connection),
                           rider{id.incarnation, id.worker(), joining.slot, joining.generation};
  workers::VerdictQuestion question{workers::Protocol::socket_io, joining.name_space, joining.admission.user,
                                    details_of(joining), !joining.pid.empty()};
  const bool is_asked = context_.verdicts.ask(
      worker, *worker.find_open(rider.slot, rider.generation), std::move(question),
      [id, rider](Worker& here, const workers::Verdict* verdict) {
        Connection* const found = here.find_open(id.slot, id.generation);
        SocketIoSession* const session = of(found);
        auto waiting = session != nullptr ? session->take_joining(rider.slot, rider.generation) : std::nullopt;
        if (waiting) {
          here.run_for(*found, [&] { session->take_verdict(here, *found, *std::move(waiting), verdict); });
        }
        forget_if_gone(here, rider);
      });
  if (is_asked) return;
  const auto waiting = take_joining(joining.slot, joining.generation);
  refuse(worker, connection, *waiting, "No backend is there that could say who may come in");
}

void SocketIoSession::take_verdict(Worker& worker, Connection& connection, Joining joining,
                                   const workers::Verdict* verdict) {
  if (verdict == nullptr) return refuse(worker, connection, joining, "No backend said in time whether you may come in");
  if (!verdict->allows) return refuse(worker, connection, joining, verdict->message, verdict->data);
  auto admission = context_.authenticator.with_verdict(std::move(joining.admission), *verdict);
  if (!admission) return refuse(worker, connection, joining, admission.error().detail);
  joining.admission = *std::move(admission);
  admit(worker, connection, std::move(joining));
}

void SocketIoSession::refuse(Worker& worker, Connection& connection, const Joining& joining, std::string_view message,
                             std::string_view data) {
  send(worker, connection, socket_io::connect_error_text(joining.name_space, message, data));
  if (Connection* const rider = worker.find_open(joining.slot, joining.generation)) {
    worker.abandon(*rider, EndReason::refused);
  }
  // As at the start: it is here for nothing.
  if (joined_.empty() && joining_count() == 0) on_open(worker, connection);
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
  // What a verdict allows, or no longer does, is known by now.
  if (const auto status = check_rooms(asked_rooms(), rules_of(context_, worker, joining.admission).rooms()); !status) {
    return refuse(worker, connection, joining, status.error().detail, refusal_data(status.error()));
  }
  if (const auto status = count_user(context_, joining.admission); !status) {
    return refuse(worker, connection, joining, status.error().detail, refusal_data(status.error()));
  }
  joining.id = *id;
  if (joining.pid.empty()) return prepare_new(worker, connection, std::move(joining));
  const Joining& waiting = add_joining(std::move(joining));
  context_.socket_claims.claim(
      worker, context_, waiting.pid,
      [carrier = worker.id_of(connection), slot = waiting.slot, generation = waiting.generation, pid = waiting.pid](
          Worker& here, WorkerContext& context, base::Result<std::optional<BrokenSocket>> socket) {
        Connection* const found = here.find_open(carrier.slot, carrier.generation);
        SocketIoSession* const session = of(found);
        auto back = session != nullptr ? session->take_joining(slot, generation) : std::nullopt;
        if (back) {
          here.run_for(*found, [&] { session->on_claimed(here, *found, *std::move(back), std::move(socket)); });
        } else if (socket && *socket) {
          save_socket(here, context, pid, **std::move(socket), false);
        }
        forget_if_gone(here, {carrier.incarnation, carrier.worker(), slot, generation});
      });
}

std::vector<RoomKey> SocketIoSession::asked_rooms() const {
  return handshake() != nullptr ? handshake()->rooms : std::vector<RoomKey>();
}

// By the token of this namespace's auth, else by that of the session's request.
base::Result<Admission> SocketIoSession::authenticate(std::string_view auth) const {
  Authenticator& authenticator = context_.authenticator;
  if (!authenticator.knows_tokens()) return Admission();
  if (const auto token = socket_io::token_of(auth)) {
    if (!token->empty()) return authenticator.of_token(*token);
    return fail(Errc::unauthenticated, "the token is no text, or empty");
  }
  if (handshake() == nullptr) return authenticator.of_nobody();
  const auto& shown = handshake()->shown;
  if (!shown) return shown.error();
  return *shown ? base::Result<Admission>(**shown) : authenticator.of_nobody();
}

workers::ConnectDetails SocketIoSession::details_of(const Joining& joining) const {
  workers::ConnectDetails details = handshake() != nullptr ? handshake()->details : workers::ConnectDetails();
  details.auth = joining.auth;
  return details;
}

// --- once it may come in ---

void SocketIoSession::prepare(Worker& worker, Connection& connection, Joining joining,
                              const std::vector<RoomKey>& rooms, std::optional<base::Position> since, Prepared then) {
  const base::NamespaceId name_space = joining.id;
  const base::ConnectionId id = worker.id_of(connection);
  const std::uint32_t slot = joining.slot, generation = joining.generation;
  add_joining(std::move(joining));
  const auto ready = context_.preparations.prepare(
      worker, name_space, rooms, since, [id, slot, generation, then](Worker& here, const base::Status& status) {
        Connection* const found = here.find_open(id.slot, id.generation);
        SocketIoSession* const session = of(found);
        auto waiting = session != nullptr ? session->take_joining(slot, generation) : std::nullopt;
        if (waiting) {
          here.run_for(*found, [&] {
            const auto holds = session->context_.authenticator.still_holds(waiting->admission);
            (session->*then)(here, *found, *std::move(waiting), status ? holds : status);
          });
        }
        forget_if_gone(here, {id.incarnation, id.worker(), slot, generation});
      });
  if (ready) (this->*then)(worker, connection, *take_joining(slot, generation), *ready);
}

// The rooms of a socket that is new.
std::vector<RoomKey> SocketIoSession::rooms_of(Connection& rider, const Joining& joining) const {
  std::vector<RoomKey> rooms = all_rooms(asked_rooms(), joining.admission);
  rooms.push_back(RoomKey::room(static_cast<const SocketIoSocket&>(rider.wire()).sid()));
  if (!joining.admission.user.empty()) rooms.push_back(RoomKey::user(joining.admission.user));
  return rooms;
}

void SocketIoSession::prepare_new(Worker& worker, Connection& connection, Joining joining) {
  if (!worker.has_shared_broker()) return join(worker, connection, std::move(joining), base::ok());
  const auto rooms = rooms_of(*worker.find_open(joining.slot, joining.generation), joining);
  prepare(worker, connection, std::move(joining), rooms, std::nullopt, &SocketIoSession::join);
}

// Clients take a refusal for the last word, and do not come back by themselves, as they do when they are cut off. What
// others of its namespaces have is not taken from them for that.
void SocketIoSession::not_prepared(Worker& worker, Connection& connection, const Joining& joining,
                                   const base::Error& why) {
  if (why.code != Errc::unavailable || !joined_.empty())
    return refuse(worker, connection, joining, why.detail, refusal_data(why));
  if (Connection* const rider = worker.find_open(joining.slot, joining.generation)) {
    worker.abandon(*rider, EndReason::refused);
  }
  worker.end(connection, {EndReason::refused, rfc6455::close_code::try_again_later, why.detail});
}

void SocketIoSession::join(Worker& worker, Connection& connection, Joining joining, const base::Status& status) {
  if (!status) return not_prepared(worker, connection, joining, status.error());
  Connection& rider = *worker.find_open(joining.slot, joining.generation);
  auto& socket = static_cast<SocketIoSocket&>(rider.wire());
  workers::Announcement announcement{joining.id, socket_io_events, rooms_of(rider, joining), std::nullopt,
                                     std::move(joining.admission.credentials)};
  const workers::Announced announced = worker.announce(rider, std::move(announcement));
  const bool can_come_back = worker.options().history_messages > 0 && context_.options.recovery_sockets_max > 0;
  socket.begin(can_come_back ? worker.id_of(rider) : base::ConnectionId(), Seals::make_nonce(), announced.position);
  context_.socket_records.note_changed(worker, rider);
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
                                 base::Result<std::optional<BrokenSocket>> claimed) {
  if (!claimed) return not_prepared(worker, connection, joining, claimed.error());
  std::optional<BrokenSocket> socket = *std::move(claimed);
  if (!socket || !was_of(*socket, joining.id, joining.admission.user)) {
    if (socket) drop_socket(worker, context_, joining.pid, socket->revision);
    return prepare_new(worker, connection, std::move(joining));
  }
  // Without an offset the client has had nothing at all.
  if (!joining.since) joining.since = socket->start;
  const auto rooms = rooms_again(*socket, joining.admission);
  const base::Position since = *joining.since;
  joining.broken = std::move(socket);
  prepare(worker, connection, std::move(joining), rooms, since, &SocketIoSession::rejoin);
}

void SocketIoSession::rejoin(Worker& worker, Connection& connection, Joining joining, const base::Status& status) {
  BrokenSocket socket = *std::exchange(joining.broken, std::nullopt);
  if (!status) {
    // It may come back once more.
    save_socket(worker, context_, joining.pid, std::move(socket), false);
    return not_prepared(worker, connection, joining, status.error());
  }
  if (come_back(worker, connection, joining, socket)) return;
  drop_socket(worker, context_, joining.pid, socket.revision);
  // A member cannot begin again, so another takes its place.
  worker.forget_verdict(worker.id_of(*worker.find_slot(joining.slot, joining.generation)));
  const Connection& rider =
      worker.open_rider(connection, std::make_unique<SocketIoSocket>(context_, context_.seals.make_socket_id()));
  joining.slot = rider.slot();
  joining.generation = rider.generation();
  prepare_new(worker, connection, std::move(joining));
}

// Lets the client go on as the socket that it was; false, and the rider has ended, if some of what it missed is lost.
bool SocketIoSession::come_back(Worker& worker, Connection& connection, const Joining& joining,
                                const BrokenSocket& socket) {
  workers::Announcement announcement{socket.name_space, socket_io_events, rooms_again(socket, joining.admission),
                                     joining.since, joining.admission.credentials};
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
  note_socket_alive(worker, context_, joining.pid, worker.id_of(rider), socket.revision);
  context_.socket_records.note_changed(worker, rider);
  context_.socket_records.write_changed(worker);
  welcome(worker, connection, rider, joining, true);
  forget_unheard(worker.sequencer(socket.name_space), socket.rooms, announced.missed);
  worker.replay(rider, std::move(announced.missed));
  return true;
}

}  // namespace sluice::gateway
