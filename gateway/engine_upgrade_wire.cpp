#include "gateway/engine_upgrade_wire.hpp"

#include <string>

#include "gateway/engine_io.hpp"
#include "gateway/rfc6455.hpp"
#include "gateway/websocket_control.hpp"
#include "workers/worker.hpp"

namespace sluice::gateway {

using engine_io::PacketType;
using workers::Connection;
using workers::EndReason;
using workers::Worker;
namespace close_code = rfc6455::close_code;

void EngineUpgradeWire::on_start(Worker& worker, Connection& connection) {
  worker.arm(connection, worker.now() + context_.options.engine_upgrade_timeout_ms);
}

std::size_t EngineUpgradeWire::on_bytes(Worker& worker, Connection& connection, std::span<char> bytes) {
  const std::size_t given = bytes.size();
  const FrameDecoder::Limits limits{context_.options.message_bytes_max, context_.options.fragments_per_message_max, 0};
  while (connection.is_open() && !connection.are_reads_paused()) {
    const FrameDecoder::Event event = decoder_.next(bytes, limits);
    if (event.kind == FrameDecoder::Kind::none) break;
    on_frame(worker, connection, event);
  }
  // What stands behind the upgrade is the session's.
  return given - bytes.size();
}

void EngineUpgradeWire::on_frame(Worker& worker, Connection& connection, const FrameDecoder::Event& event) {
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

void EngineUpgradeWire::answer_probe(Worker& worker, Connection& connection) {
  std::string frame;
  engine_io::append_packet(frame, PacketType::pong, engine_io::probe);
  worker.send(connection, frame);
}

void EngineUpgradeWire::refuse(Worker& worker, Connection& connection, std::string_view why) {
  worker.end(connection, {EndReason::refused, close_code::policy, std::string(why)});
}

void EngineUpgradeWire::on_end_of_stream(Worker& worker, Connection& connection) {
  worker.abandon(connection, EndReason::client_vanished);
}

void EngineUpgradeWire::on_deadline(Worker& worker, Connection& connection) {
  worker.end(connection, {EndReason::handshake_timeout, close_code::policy, "the upgrade took too long"});
}

void EngineUpgradeWire::on_ending(Worker& worker, Connection& connection, const workers::Ending& ending) {
  send_close(worker, connection, ending);
}

}  // namespace sluice::gateway
