#include "gateway/engine_probe_wire.hpp"

#include "gateway/engine_session.hpp"
#include "workers/worker.hpp"

namespace sluice::gateway {

using workers::Connection;
using workers::Worker;

EngineProbeWire::EngineProbeWire(WorkerContext& context, const Connection& session)
    : EngineUpgradeWire(context), slot_(session.slot()), generation_(session.generation()) {}

void EngineProbeWire::on_start(Worker& worker, Connection& connection) {
  EngineUpgradeWire::on_start(worker, connection);
  // Another WebSocket has the session, or is about to. Both go on without this one.
  Connection* session_connection = nullptr;
  EngineSession* const session = find_session(worker, session_connection);
  is_candidate_ = session != nullptr && session->begin_upgrade(*session_connection);
  if (!is_candidate_) refuse(worker, connection, "the session has a WebSocket");
}

EngineSession* EngineProbeWire::find_session(Worker& worker, Connection*& connection) const {
  connection = worker.find_open(slot_, generation_);
  return EngineSession::of(connection);
}

void EngineProbeWire::on_probe(Worker& worker, Connection& connection) {
  answer_probe(worker, connection);
  Connection* session_connection = nullptr;
  if (EngineSession* const session = find_session(worker, session_connection)) session->on_probed(*session_connection);
}

// A client that has not probed before means it, too.
void EngineProbeWire::on_upgrade(Worker& worker, Connection& connection) {
  Connection* session_connection = nullptr;
  EngineSession* const session = find_session(worker, session_connection);
  if (session == nullptr || !session->may_take_over()) {
    return refuse(worker, connection, "the session cannot be taken over");
  }
  session->begin_take_over();
  worker.give_socket(connection, *session_connection);
}

void EngineProbeWire::on_gone(Worker& worker, Connection&) {
  Connection* session_connection = nullptr;
  EngineSession* const session = is_candidate_ ? find_session(worker, session_connection) : nullptr;
  if (session != nullptr) session->end_upgrade();
}

}  // namespace sluice::gateway
