#include "gateway/engine_arrival_wire.hpp"

#include <utility>

#include "base/log.hpp"
#include "gateway/engine_session.hpp"
#include "gateway/preparations.hpp"
#include "gateway/session_moves.hpp"
#include "workers/worker.hpp"

namespace sluice::gateway {

using workers::Connection;
using workers::EndReason;
using workers::Worker;

EngineArrivalWire::EngineArrivalWire(WorkerContext& context, const base::ConnectionId& session,
                                     ClientCounts::Place place)
    : EngineUpgradeWire(context), session_(session), place_(std::move(place)) {}

ExchangeId EngineArrivalWire::id_of(const Worker& worker, const Connection& connection) const {
  return {worker.incarnation(), worker.id(), connection.slot(), connection.generation()};
}

base::TimePoint EngineArrivalWire::deadline(const Worker& worker) const {
  return worker.now() + context_.options.engine_upgrade_timeout_ms;
}

template <class Deal>
void EngineArrivalWire::with_wire_of(Worker& worker, const ExchangeId& id, Deal&& deal) {
  Connection* const connection = worker.find_open(id.slot, id.generation);
  auto* const wire = connection != nullptr ? dynamic_cast<EngineArrivalWire*>(&connection->wire()) : nullptr;
  if (wire != nullptr) worker.run_for(*connection, [&] { deal(*connection, *wire); });
}

void EngineArrivalWire::on_start(Worker& worker, Connection& connection) {
  EngineUpgradeWire::on_start(worker, connection);
  const ExchangeId id = id_of(worker, connection);
  context_.session_moves.begin(session_, id, deadline(worker), [id](Worker& there, const auto& begun) {
    with_wire_of(there, id, [&](Connection& found, EngineArrivalWire& wire) { wire.take_begun(there, found, begun); });
  });
}

void EngineArrivalWire::take_begun(Worker& worker, Connection& connection,
                                   const base::Result<move_codec::Begun>& begun) {
  // Another WebSocket has the session, or is about to, or it is gone. The client finds that out by polling.
  if (!begun) return refuse(worker, connection, "the session has a WebSocket, or is gone");
  phase_ = Phase::begun;
  // What comes in its rooms is soon to come here.
  for (const NamespaceRooms& rooms : begun->rooms) {
    static_cast<void>(worker.prepare(rooms.name_space, rooms.keys, std::nullopt, nullptr));
  }
  if (std::exchange(is_probed_, false)) on_probe(worker, connection);
  if (is_wanted_) take_over(worker, connection);
}

void EngineArrivalWire::on_probe(Worker& worker, Connection& connection) {
  if (phase_ == Phase::asked) {
    is_probed_ = true;
    return;
  }
  context_.session_moves.tell_probed(session_, id_of(worker, connection));
  answer_probe(worker, connection);
}

// A client that has not probed before means it, too.
void EngineArrivalWire::on_upgrade(Worker& worker, Connection& connection) {
  is_wanted_ = true;
  worker.pause_reads(connection);
  if (phase_ == Phase::begun) take_over(worker, connection);
}

// What stands behind the upgrade is the session's.
void EngineArrivalWire::on_resume(Worker& worker, Connection& connection) {
  if (is_wanted_) worker.pause_reads(connection);
}

void EngineArrivalWire::take_over(Worker& worker, Connection& connection) {
  phase_ = Phase::taking;
  const ExchangeId id = id_of(worker, connection);
  context_.session_moves.take(session_, id, deadline(worker), [id](Worker& there, base::Result<SessionState> state) {
    with_wire_of(there, id,
                 [&](Connection& found, EngineArrivalWire& wire) { wire.take_state(there, found, std::move(state)); });
  });
}

void EngineArrivalWire::take_state(Worker& worker, Connection& connection, base::Result<SessionState> state) {
  if (!state) return fail_move(worker, connection, state.error());
  phase_ = Phase::taken;
  // The messages of its rooms are waited for within a time of their own.
  worker.disarm(connection);
  state_ = std::make_unique<SessionState>(std::move(*state));
  unprepared_ = rooms_of(*state_);
  prepare_next(worker, connection);
}

void EngineArrivalWire::prepare_next(Worker& worker, Connection& connection) {
  while (!unprepared_.empty()) {
    const NamespaceRooms rooms = std::move(unprepared_.back());
    unprepared_.pop_back();
    const auto ready =
        context_.preparations.prepare(worker, rooms.name_space, rooms.keys, given_through(*state_, rooms.name_space),
                                      [id = id_of(worker, connection)](Worker& there, const base::Status& status) {
                                        with_wire_of(there, id, [&](Connection& found, EngineArrivalWire& wire) {
                                          if (!status) return wire.fail_move(there, found, status.error());
                                          wire.prepare_next(there, found);
                                        });
                                      });
    if (!ready) return;
    if (!*ready) return fail_move(worker, connection, ready->error());
  }
  become_session(worker, connection);
}

void EngineArrivalWire::become_session(Worker& worker, Connection& connection) {
  const std::unique_ptr<SessionState> state = std::move(state_);
  WorkerContext& context = context_;
  const base::ConnectionId session = session_;
  auto wire = EngineSession::make_arrived(context, *state, std::move(place_));
  EngineSession& arrived = *wire;
  worker.become(connection, std::move(wire));
  const auto renamed = arrived.arrive(worker, connection, *state);
  if (!renamed) {
    // "Try again later" in the registry of close codes: it comes back, and learns what it has lost.
    return worker.end(connection, {EndReason::refused, 1013, renamed.error().detail});
  }
  worker.metrics().roaming.arrived.add();
  context.session_moves.tell_arrived(session, *renamed);
}

void EngineArrivalWire::fail_move(Worker& worker, Connection& connection, const base::Error& why) {
  if (worker.log_limit().allows(worker.now())) {
    base::log_info(
        "session_not_moved",
        {{"connection", session_.text()}, {"why", why.detail}, {"suppressed", worker.log_limit().take_suppressed()}});
  }
  // The client has left its polls behind, and comes back.
  worker.end(connection, {EndReason::refused, 1013, "the session could not be had; try again"});
}

void EngineArrivalWire::on_gone(Worker& worker, Connection& connection) {
  if (phase_ != Phase::taken) context_.session_moves.end(session_, id_of(worker, connection));
}

}  // namespace sluice::gateway
