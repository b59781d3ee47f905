#include "gateway/websocket_wire.hpp"

#include "base/log.hpp"
#include "workers/worker.hpp"

namespace sluice::gateway {

using workers::Connection;
using workers::EndReason;
using workers::Worker;
namespace close_code = rfc6455::close_code;

void WebSocketWire::on_start(Worker& worker, Connection& connection) {
  worker.arm(connection, worker.now() + options_.ping_interval_seconds);
}

std::size_t WebSocketWire::on_bytes(Worker& worker, Connection& connection, std::span<char> bytes) {
  const std::size_t given = bytes.size();
  const FrameDecoder::Limits limits{options_.message_bytes_max, options_.fragments_per_message_max};
  while (connection.is_open() && !connection.are_reads_paused()) {
    const FrameDecoder::Event event = decoder_.next(bytes, limits);
    if (event.kind == FrameDecoder::Kind::none) break;
    on_event(worker, connection, event);
  }
  return given - bytes.size();
}

void WebSocketWire::on_event(Worker& worker, Connection& connection, const FrameDecoder::Event& event) {
  using Kind = FrameDecoder::Kind;
  switch (event.kind) {
    case Kind::none:
    case Kind::pong:  // a sign of life like any other byte
      return;
    case Kind::text:
      return on_message(worker, connection, workers::DataKind::text, event.payload);
    case Kind::binary:
      return on_message(worker, connection, workers::DataKind::binary, event.payload);
    case Kind::ping: {
      std::string pong;
      rfc6455::append_frame(pong, rfc6455::Opcode::pong, event.payload);
      return worker.send(connection, pong);
    }
    case Kind::close:
      // The server closes the TCP connection, behind a close frame with the client's own code (RFC 6455, 5.5.1, 7.1.1).
      worker.close_after_flush(connection);
      return worker.end(connection, {EndReason::client_closed, event.close_code, {}});
    case Kind::failure:
      return on_failure(worker, connection, event);
  }
}

void WebSocketWire::on_message(Worker& worker, Connection& connection, workers::DataKind kind,
                               std::string_view payload) {
  held_ = take_message(options_.client_messages, worker, connection, kind, payload);
  if (held_) worker.pause_reads(connection);
}

void WebSocketWire::on_resume(Worker& worker, Connection& connection) {
  if (held_) held_ = try_again(worker, std::move(held_));
  if (held_) worker.pause_reads(connection);
}

// Turns what the client did wrong into an ending: close code, log line, metric.
void WebSocketWire::on_failure(Worker& worker, Connection& connection, const FrameDecoder::Event& event) {
  const bool is_too_large = event.close_code == close_code::too_large;
  if (!is_too_large) worker.metrics().protocol_errors.add();
  if (worker.log_limit().allows(worker.now())) {
    base::log_info("client_failed", {{"connection", worker.id_of(connection).text()},
                                     {"close_code", event.close_code},
                                     {"why", event.payload},
                                     {"suppressed", worker.log_limit().take_suppressed()}});
  }
  worker.end(connection, {is_too_large ? EndReason::too_large : EndReason::protocol_error, event.close_code,
                          std::string(event.payload)});
}

void WebSocketWire::on_end_of_stream(Worker& worker, Connection& connection) {
  worker.abandon(connection, EndReason::client_vanished);
}

void WebSocketWire::on_deadline(Worker& worker, Connection& connection) {
  const base::TimePoint now = worker.now();
  // While we do not listen, the client's silence means nothing.
  if (connection.are_reads_paused()) return worker.arm(connection, now + options_.ping_interval_seconds);
  if (awaits_life_ && connection.last_seen() <= ping_sent_) {
    return worker.end(connection, {EndReason::heartbeat_timeout, close_code::going_away, "no answer to a ping"});
  }
  awaits_life_ = false;
  const base::TimePoint next_ping = connection.last_seen() + options_.ping_interval_seconds;
  if (now < next_ping) return worker.arm(connection, next_ping);
  awaits_life_ = true;
  ping_sent_ = now;
  std::string ping;
  rfc6455::append_head(ping, rfc6455::Opcode::ping, 0);
  worker.send(connection, ping);
  worker.arm(connection, now + options_.ping_timeout_seconds);
}

void WebSocketWire::on_ending(Worker& worker, Connection& connection, const workers::Ending& ending) {
  std::string close;
  rfc6455::append_close(close, ending.close_code, ending.text);
  worker.send(connection, close);
}

}  // namespace sluice::gateway
