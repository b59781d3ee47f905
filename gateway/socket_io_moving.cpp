// How a Socket.IO session goes on at another node: as if it had broken there and come back here, in one step and
// without its client's knowing.

#include <utility>

#include "gateway/encodings.hpp"
#include "gateway/member_state.hpp"
#include "gateway/socket_claims.hpp"
#include "gateway/socket_io_session.hpp"
#include "gateway/socket_io_socket.hpp"
#include "gateway/socket_recovery.hpp"
#include "workers/worker.hpp"

namespace sluice::gateway {

using base::Errc;
using base::fail;
using workers::Connection;
using workers::EndReason;
using workers::Worker;

// --- where it is polled ---

bool SocketIoSession::is_quiet() const {
  return !rare_ || (rare_->joining.empty() && rare_->waiting == nullptr && rare_->owed == 0);
}

std::vector<NamespaceRooms> SocketIoSession::rooms(Worker& worker, const Connection&) const {
  std::vector<NamespaceRooms> all;
  for (const Joined& joined : joined_) {
    const Connection* const rider = worker.find_open(joined.slot, joined.generation);
    if (rider != nullptr) all.push_back({joined.name_space, member_rooms(worker, *rider)});
  }
  return all;
}

void SocketIoSession::leave(Worker& worker, Connection&, SessionState& session) {
  SocketIoState& state = session.application.emplace<SocketIoState>();
  if (const Handshake* const said = handshake()) {
    state.handshake = SocketIoState::Handshake{said->rooms, said->details, said->shown};
  }
  if (rare_ && rare_->pending) {
    state.pending = SocketIoState::Pending{rare_->pending->text(), rare_->pending->attachments()};
  }
  if (connect_by_ != base::TimePoint{}) {
    state.connect_in = std::chrono::duration_cast<std::chrono::milliseconds>(connect_by_ - worker.now());
  }
  for (const Joined& joined : std::exchange(joined_, {})) {
    Connection* const rider = worker.find_open(joined.slot, joined.generation);
    if (rider != nullptr) state.sockets.push_back(leaving_socket(worker, *rider));
  }
}

// Until it is known that it arrived, it may be claimed as one that broke.
MemberState SocketIoSession::leaving_socket(Worker& worker, Connection& rider) {
  auto& socket = static_cast<SocketIoSocket&>(rider.wire());
  MemberState member = leaving(worker, rider);
  member.socket = socket.broken(worker, rider);
  member.pid = socket.pid();
  member.asks = socket.asks();
  if (!member.pid.empty()) save_socket(worker, context_, member.pid, member.socket, true);
  socket.outlive();
  context_.moved_connections.add(member.connection, socket.sid(), socket.take_asks(), worker.now());
  worker.abandon(rider, EndReason::moved);
  return member;
}

// --- where it goes on ---

SocketIoSession::SocketIoSession(WorkerContext& context, const SocketIoState& state, ClientCounts::Place place)
    : SocketIoSession(context, state.handshake ? Handshake{state.handshake->rooms, state.handshake->details,
                                                           state.handshake->shown, std::move(place)}
                                               : Handshake{{}, {}, std::optional<Admission>(), std::move(place)}) {}

base::Result<EngineApplication::Renamed> SocketIoSession::arrive(Worker& worker, Connection& connection,
                                                                 SessionState& session) {
  auto& state = std::get<SocketIoState>(session.application);
  if (state.connect_in) connect_by_ = worker.now() + *state.connect_in;
  if (state.pending) {
    const auto packet = socket_io::parse_packet(state.pending->text);
    if (!packet) return packet.error();
    rare().pending = std::make_unique<PendingEvent>(state.pending->text, *packet, context_.options.message_bytes_max);
    for (const std::string& one : state.pending->attachments) {
      if (!rare().pending->add(one)) return fail(Errc::too_large, "an event and its attachments are over maxPayload");
    }
  }
  Renamed renamed;
  for (const MemberState& member : state.sockets) {
    if (const auto status = arrive_socket(worker, connection, member, renamed); !status) return status.error();
  }
  return renamed;
}

base::Status SocketIoSession::arrive_socket(Worker& worker, Connection& connection, const MemberState& member,
                                            Renamed& renamed) {
  auto wire = std::make_unique<SocketIoSocket>(context_, Seals::socket_id_of(member.socket.sid));
  SocketIoSocket& socket = *wire;
  Connection& rider = worker.open_rider(connection, std::move(wire));
  auto announced = gateway::arrive(context_, worker, rider, member, socket_io_events);
  if (!announced || announced->gap != workers::Gap::none) {
    worker.abandon(rider, EndReason::refused);
    return announced ? fail(Errc::unavailable, "some of what the session missed on its way is lost")
                     : announced.error();
  }
  if (const auto home = context_.seals.open(Seals::Purpose::recovery, member.pid)) {
    socket.begin(*home, Seals::nonce_of(member.pid), member.socket.start);
  }
  socket.restore(worker, rider, member.socket.rooms);
  socket.continue_asks(member.connection, member.asks);
  joined_.push_back({member.socket.name_space, rider.slot(), rider.generation()});
  const base::ConnectionId id = worker.id_of(rider);
  renamed.emplace_back(member.connection, id);
  worker.tell_connected(rider, handshake() != nullptr ? handshake()->details : workers::ConnectDetails(), true,
                        member.connection);
  worker.replay(rider, std::move(announced->missed));
  if (!member.pid.empty()) context_.socket_claims.take_arrived(worker, context_, member.connection, member.pid, id);
  return base::ok();
}

}  // namespace sluice::gateway
