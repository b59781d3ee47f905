#include "gateway/websocket_wire.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "gateway/encodings.hpp"
#include "gateway/utf8.hpp"
#include "gateway/websocket_control.hpp"
#include "workers/worker.hpp"

namespace sluice::gateway {

using workers::Connection;
using workers::EndReason;
using workers::Worker;
namespace close_code = rfc6455::close_code;

namespace {
constexpr std::size_t scratch_bytes_max = 65536;
constexpr std::size_t turn_inflated_bytes_max = 262144;  // as much as is read at once
}  // namespace

WebSocketWire::WebSocketWire(WorkerContext& context, workers::WireFormat format,
                             const std::optional<DeflateTerms>& deflate)
    : context_(context), may_deflate_(deflate.has_value()), format_(format) {
  if (deflate && (deflate->keeps_server_context || deflate->keeps_client_context)) {
    deflate_session_ = std::make_unique<DeflateSession>(*deflate, static_cast<int>(context.options.compression_level));
  }
}

void WebSocketWire::on_start(Worker& worker, Connection& connection) {
  worker.arm(connection, worker.now() + context_.options.ping_interval_seconds);
}

std::size_t WebSocketWire::on_bytes(Worker& worker, Connection& connection, std::span<char> bytes) {
  const std::size_t given = bytes.size();
  const Options& options = context_.options;
  const FrameDecoder::Limits limits{options.message_bytes_max, options.fragments_per_message_max,
                                    may_deflate_ ? deflated_bytes_max(options.message_bytes_max) : 0};
  std::size_t inflated = 0;
  while (connection.is_open() && !connection.are_reads_paused()) {
    const FrameDecoder::Event event = decoder_.next(bytes, limits);
    if (event.kind == FrameDecoder::Kind::none) break;
    inflated += on_event(worker, connection, event);
    // A few bytes can become very many: the other clients have their turn before the rest.
    if (inflated > turn_inflated_bytes_max && !bytes.empty() && connection.is_open()) worker.pause_reads(connection);
  }
  return given - bytes.size();
}

std::size_t WebSocketWire::on_event(Worker& worker, Connection& connection, const FrameDecoder::Event& event) {
  using Kind = FrameDecoder::Kind;
  if (event.is_deflated) return on_deflated(worker, connection, event);
  switch (event.kind) {
    case Kind::none:
    case Kind::pong:  // a sign of life like any other byte
      return 0;
    case Kind::text:
      on_message(worker, connection, workers::DataKind::text, event.payload);
      return 0;
    case Kind::binary:
      on_message(worker, connection, workers::DataKind::binary, event.payload);
      return 0;
    case Kind::ping:
      send_pong(worker, connection, event.payload);
      return 0;
    case Kind::close:
      answer_close(worker, connection, event);
      return 0;
    case Kind::failure:
      on_failure(worker, connection, event);
      return 0;
  }
  return 0;
}

// Inflates a whole message, by the connection's own context if the client keeps one.
std::size_t WebSocketWire::on_deflated(Worker& worker, Connection& connection, const FrameDecoder::Event& event) {
  const bool has_own = deflate_session_ && deflate_session_->inflater;
  Inflater& inflater = has_own ? *deflate_session_->inflater : context_.inflater;
  std::string& inflated = context_.inflated;
  inflated.clear();
  const Inflater::Outcome outcome = inflater.inflate(event.payload, inflated, context_.options.message_bytes_max);
  const bool is_text = event.kind == FrameDecoder::Kind::text;
  FrameDecoder::Event failure{FrameDecoder::Kind::failure, close_code::bad_data, {}, false};
  if (outcome == Inflater::Outcome::malformed) failure.payload = "the message cannot be inflated";
  if (outcome == Inflater::Outcome::too_large) {
    failure.close_code = close_code::too_large;
    failure.payload = "the message is over the limit on its size when inflated";
  }
  if (outcome == Inflater::Outcome::fine && is_text && !is_utf8(inflated)) failure.payload = "the text is not UTF-8";
  if (failure.payload.empty()) {
    worker.metrics().inflated_messages.add();
    on_message(worker, connection, is_text ? workers::DataKind::text : workers::DataKind::binary, inflated);
  } else {
    worker.metrics().inflate_failures.add();
    on_failure(worker, connection, failure);
  }
  const std::size_t bytes = inflated.size();
  // One large message must not keep its memory for good.
  if (inflated.capacity() > scratch_bytes_max) std::string().swap(inflated);
  return bytes;
}

void WebSocketWire::encode_own(const workers::Message& message, const workers::RoomKey* room, std::string& out) {
  append_message(context_, format_, &*deflate_session_->deflater, message, room, out);
}

void WebSocketWire::on_message(Worker& worker, Connection& connection, workers::DataKind kind,
                               std::string_view payload) {
  held_ = take_message(context_.options.client_messages, worker, connection, kind, payload);
  if (held_) worker.pause_reads(connection);
}

void WebSocketWire::on_resume(Worker& worker, Connection& connection) {
  if (held_) held_ = try_again(worker, connection, std::move(held_));
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

void WebSocketWire::arm(Worker& worker, Connection& connection, base::TimePoint at) const {
  worker.arm(connection, std::min(at, own_deadline().value_or(at)));
}

void WebSocketWire::on_deadline(Worker& worker, Connection& connection) {
  const base::TimePoint now = worker.now();
  // While we do not listen, the client's silence means nothing.
  if (connection.are_reads_paused()) return arm(worker, connection, now + context_.options.ping_interval_seconds);
  if (awaits_life_ && connection.last_seen() <= ping_sent_) {
    const base::TimePoint gives_up = ping_sent_ + context_.options.ping_timeout_seconds;
    if (now < gives_up)
      return arm(worker, connection, std::min(gives_up, now + context_.options.ping_interval_seconds));
    return worker.end(connection, {EndReason::heartbeat_timeout, close_code::going_away, "no answer to a ping"});
  }
  awaits_life_ = false;
  const base::TimePoint next_ping = connection.last_seen() + context_.options.ping_interval_seconds;
  if (now < next_ping) return arm(worker, connection, next_ping);
  awaits_life_ = true;
  ping_sent_ = now;
  std::string ping;
  rfc6455::append_head(ping, rfc6455::Opcode::ping, 0);
  worker.send(connection, ping);
  // Whoever answers is pinged again after the interval, also if the timeout is longer.
  arm(worker, connection,
      now + std::min(context_.options.ping_interval_seconds, context_.options.ping_timeout_seconds));
}

void WebSocketWire::on_ending(Worker& worker, Connection& connection, const workers::Ending& ending) {
  // A close frame has no place for when to come back.
  if (ending.returns_after.count() > 0 && traits_of(format_).is_enveloped) {
    std::string notice;
    append_text(format_, end_notice(ending), notice);
    worker.send(connection, notice);
  }
  send_close(worker, connection, ending);
}

}  // namespace sluice::gateway
