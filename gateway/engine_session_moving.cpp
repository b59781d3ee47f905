// How an Engine.IO session goes from the node that its client polls to the node that has its WebSocket.

#include <algorithm>
#include <utility>

#include "gateway/engine_messages.hpp"
#include "gateway/engine_session.hpp"
#include "gateway/poll_transport.hpp"
#include "gateway/socket_io_session.hpp"
#include "workers/worker.hpp"

namespace sluice::gateway {

using base::Errc;
using workers::Connection;
using workers::EndReason;
using workers::Worker;

namespace {

// For the other node to say that it gives up, which it does when the upgrade takes too long.
constexpr base::Duration give_up_delay = std::chrono::seconds(2);

std::chrono::milliseconds milliseconds(base::Duration duration) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(duration);
}

}  // namespace

// --- where it is polled ---

EngineSession::Move* EngineSession::find_move(const ExchangeId& socket) {
  Move* const move = polling_ ? polling_->move.get() : nullptr;
  return move != nullptr && move->socket == socket ? move : nullptr;
}

base::Result<std::vector<NamespaceRooms>> EngineSession::begin_move(Worker& worker, Connection& connection,
                                                                    const ExchangeId& socket) {
  if (!begin_upgrade(connection)) return base::fail(Errc::forbidden, "the session has a WebSocket");
  const base::TimePoint until = worker.now() + context_.options.engine_upgrade_timeout_ms + give_up_delay;
  polling_->move = std::make_unique<Move>(Move{socket, until, nullptr});
  arm(worker, connection);
  return application_->rooms(worker, connection);
}

void EngineSession::on_move_probed(Connection& connection, const ExchangeId& socket) {
  if (find_move(socket) != nullptr) on_probed(connection);
}

void EngineSession::give_away(Worker& worker, Connection& connection, const ExchangeId& socket, OnGiven then) {
  Move* const move = find_move(socket);
  if (move == nullptr || !may_take_over() || !connection.is_open()) {
    return then(base::fail(Errc::forbidden, "the session cannot be taken over"));
  }
  // A client that has not probed before means it, too.
  upgrade_ = Upgrade::probed;
  move->given = std::move(then);
  go_on_with_move(worker, connection);
}

void EngineSession::end_move(Worker& worker, Connection& connection, const ExchangeId& socket) {
  if (find_move(socket) == nullptr) return;
  const std::unique_ptr<Move> move = std::move(polling_->move);
  end_upgrade();
  arm(worker, connection);
  if (move->given) move->given(base::fail(Errc::timed_out, "something of the session was under way for too long"));
}

void EngineSession::go_on_with_move(Worker& worker, Connection& connection) {
  const Move& move = *polling_->move;
  if (worker.now() >= move.until) return end_move(worker, connection, ExchangeId(move.socket));
  if (!move.given) return;
  if (application_->is_quiet() && !connection.are_reads_paused() && may_take_over()) return leave(worker, connection);
  arm(worker, connection);
}

void EngineSession::leave(Worker& worker, Connection& connection) {
  const std::unique_ptr<Move> move = std::move(polling_->move);
  PollTransport& transport = *polling_->transport;
  begin_take_over();
  if (transport.has_poll()) transport.answer(std::string(1, engine_io::digit_of(engine_io::PacketType::noop)));
  SessionState state;
  transport.collect(state.frames);
  worker.write_all(connection);
  state.awaits_pong = awaits_pong_;
  state.beat = milliseconds(beat_ - worker.now());
  application_->leave(worker, connection, state);
  is_over_ = true;
  worker.metrics().roaming.left.add();
  worker.abandon(connection, EndReason::moved);
  move->given(base::Result<SessionState>(std::move(state)));
}

// --- where it goes on ---

std::unique_ptr<EngineSession> EngineSession::make_arrived(WorkerContext& context, const SessionState& state,
                                                           ClientCounts::Place place) {
  std::unique_ptr<EngineApplication> application;
  if (const auto* const socket_io = std::get_if<SocketIoState>(&state.application)) {
    application = std::make_unique<SocketIoSession>(context, *socket_io, std::move(place));
  } else {
    application = std::make_unique<EngineMessages>(context, std::move(place));
  }
  return std::make_unique<EngineSession>(context, std::move(application), nullptr);
}

base::Result<EngineApplication::Renamed> EngineSession::arrive(Worker& worker, Connection& connection,
                                                               SessionState& state) {
  awaits_pong_ = state.awaits_pong;
  beat_ = worker.now() + state.beat;
  if (!state.frames.empty()) worker.send(connection, state.frames);
  auto renamed = application_->arrive(worker, connection, state);
  if (renamed) arm(worker, connection);
  return renamed;
}

}  // namespace sluice::gateway
