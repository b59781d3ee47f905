#include "gateway/engine_probe_wire.hpp"

#include <string>

#include "gateway/engine_io.hpp"
#include "gateway/engine_session.hpp"
#include "gateway/rfc6455.hpp"
#include "gateway/websocket_control.hpp"
#include "workers/worker.hpp"

namespace sluice::gateway {

using engine_io::PacketType;
using workers::Connection;
using workers::EndReason;
using workers::Worker;
namespace close_code = rfc6455::close_code;

EngineProbeWire::EngineProbeWire(WorkerContext& context, const Connection& session)
    : context_(context), slot_(session.slot()), generation_(session.generation()) {}

void EngineProbeWire::on_start(Worker& worker, Connection& connection) {
  worker.arm(connection, worker.now() + context_.options.engine_upgrade_timeout_ms);
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

std::size_t EngineProbeWire::on_bytes(Worker& worker, Connection& connection, std::span<char> bytes) {
  const std::size_t given = bytes.size();
  const FrameDecoder::Limits limits{context_.options.message_bytes_max, context_.options.fragments_per_message_max, 0};
  while (connection.is_open()) {
    const FrameDecoder::Event event = decoder_.next(bytes, limits);
    if (event.kind == FrameDecoder::Kind::none) break;
    on_frame(worker, connection, event);
  }
  // What stands behind the upgrade is the session's.
  return given - bytes.size();
}

void EngineProbeWire::on_frame(Worker& worker, Connection& connection, const FrameDecoder::Event& event) {
  using Kind = FrameDecoder::Kind;
  if (event.kind == Kind::pong) return;
  if (event.kind == Kind::ping) return send_pong(worker, connection, event.payload);
  if (event.kind == Kind::close) return answer_close(worker, connection, event);
  std::string decoded;
  const auto packet = engine_io::parse_packet(event.kind == Kind::text ? event.payload : "", decoded);
  if (!packet) return refuse(worker, connection, "a probe or an upgrade was expected");
  if (packet->type == PacketType::ping && packet->data == engine_io::probe) return on_probe(worker, connection);
  if (packet->type == PacketType::upgrade) return on_upgrade(worker, connection);
  refuse(worker, connection, "a probe or an upgrade was expected");
}

void EngineProbeWire::on_probe(Worker& worker, Connection& connection) {
  std::string frame;
  engine_io::append_packet(frame, PacketType::pong, engine_io::probe);
  worker.send(connection, frame);
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

void EngineProbeWire::refuse(Worker& worker, Connection& connection, std::string_view why) {
  worker.end(connection, {EndReason::refused, close_code::policy, std::string(why)});
}

void EngineProbeWire::on_end_of_stream(Worker& worker, Connection& connection) {
  worker.abandon(connection, EndReason::client_vanished);
}

void EngineProbeWire::on_deadline(Worker& worker, Connection& connection) {
  worker.end(connection, {EndReason::handshake_timeout, close_code::policy, "the upgrade took too long"});
}

void EngineProbeWire::on_ending(Worker& worker, Connection& connection, const workers::Ending& ending) {
  send_close(worker, connection, ending);
}

void EngineProbeWire::on_gone(Worker& worker, Connection&) {
  Connection* session_connection = nullptr;
  EngineSession* const session = is_candidate_ ? find_session(worker, session_connection) : nullptr;
  if (session != nullptr) session->end_upgrade();
}

}  // namespace sluice::gateway
