#include "gateway/engine_session.hpp"

#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "gateway/poll_transport.hpp"
#include "gateway/rfc6455.hpp"
#include "gateway/session_requests.hpp"
#include "gateway/utf8.hpp"
#include "gateway/websocket_control.hpp"
#include "workers/worker.hpp"

namespace sluice::gateway {

using engine_io::PacketType;
using engine_io::Refusal;
using workers::Connection;
using workers::EndReason;
using workers::Worker;
namespace close_code = rfc6455::close_code;

namespace {

// Deadlines are armed so much early, and so never late by it: clients measure these times, too.
constexpr base::Duration early = workers::TimerWheel::tick;
// A heartbeat that is due while a WebSocket takes over waits for it, so that the ping is not lost between the two.
constexpr std::chrono::milliseconds probed_beat_delay{100};
// A session that is to leave, and has something under way, looks again.
constexpr std::chrono::milliseconds move_again_after{10};

// A packet without data, as a whole payload.
std::string payload_of(PacketType type) { return std::string(1, engine_io::digit_of(type)); }

}  // namespace

EngineSession::EngineSession(WorkerContext& context, std::unique_ptr<EngineApplication> application,
                             PollTransport* transport)
    : context_(context), application_(std::move(application)) {
  if (transport == nullptr) return;
  polling_ = std::make_unique<Polling>();
  polling_->transport = transport;
}

EngineSession::~EngineSession() = default;

EngineSession* EngineSession::of(Connection* connection) {
  return connection == nullptr ? nullptr : dynamic_cast<EngineSession*>(&connection->wire());
}

void EngineSession::on_start(Worker& worker, Connection&) {
  beat_ = worker.now() + context_.options.engine_ping_interval_ms;
}

void EngineSession::open(Worker& worker, Connection& connection, const std::optional<ExchangeId>& poll) {
  const Options& options = context_.options;
  const std::string sid = context_.seals.seal(Seals::Purpose::engine_session, worker.id_of(connection));
  std::string frame;
  rfc6455::append_frame(
      frame, rfc6455::Opcode::text,
      engine_io::open_packet({sid, polling_ != nullptr && options.allow_upgrades, options.engine_ping_interval_ms,
                              options.engine_ping_timeout_ms, options.message_bytes_max}));
  worker.send(connection, frame);
  application_->on_open(worker, connection);
  arm(worker, connection);
  if (!poll) return;
  polling_->transport->attach(*poll);
  worker.unblock(connection);
}

// --- requests ---

void EngineSession::on_poll(Worker& worker, Connection& connection, const ExchangeId& id) {
  if (!polling_ || upgrade_ == Upgrade::taken) {
    return answer(context_, worker, id, engine_io::reply_of(Refusal::bad_request));
  }
  PollTransport& transport = *polling_->transport;
  if (transport.has_poll()) {
    transport.answer(payload_of(PacketType::close));
    answer(context_, worker, id, engine_io::reply_of(Refusal::bad_request));
    return fail(worker, connection, "two polls at a time");
  }
  worker.note_life(connection);
  transport.attach(id);
  // A client that polls while its WebSocket takes over waits for the poll before it goes on.
  if (is_changing() && connection.is_flushed()) return transport.answer(payload_of(PacketType::noop));
  worker.unblock(connection);
}

void EngineSession::on_post_begun(Worker& worker, Connection& connection, const ExchangeId& id) {
  if (!polling_ || !connection.is_open()) return;
  if (!polling_->post) {
    polling_->post = id;
    return;
  }
  fail(worker, connection, "two POST requests at a time");
}

void EngineSession::on_post(Worker& worker, Connection& connection, const ExchangeId& id, std::string payload) {
  if (!polling_ || upgrade_ == Upgrade::taken || !connection.is_open()) {
    return answer(context_, worker, id, engine_io::reply_of(Refusal::bad_request));
  }
  if (polling_->post && *polling_->post != id) {
    answer(context_, worker, id, engine_io::reply_of(Refusal::bad_request));
    return fail(worker, connection, "two POST requests at a time");
  }
  worker.note_life(connection);
  polling_->post = id;
  polling_->is_post_whole = true;
  polling_->payload = std::move(payload);
  polling_->taken = 0;
  if (polling_->payload.empty()) return fail(worker, connection, "an Engine.IO payload is empty");
  if (!is_utf8(polling_->payload)) return fail(worker, connection, "an Engine.IO payload is not UTF-8");
  take_packets(worker, connection);
}

void EngineSession::take_packets(Worker& worker, Connection& connection) {
  std::string decoded;
  while (connection.is_open() && polling_->taken <= polling_->payload.size()) {
    std::string_view rest = std::string_view(polling_->payload).substr(polling_->taken);
    const std::size_t before = rest.size();
    const std::string_view text = engine_io::take_packet(rest);
    // Behind the last one there is no separator, which counts as if there were.
    polling_->taken += text.size() == before ? before + 1 : before - rest.size();
    const auto packet = engine_io::parse_packet(text, decoded);
    if (!packet) return fail(worker, connection, packet.error().detail);
    if (!on_packet(worker, connection, *packet) || connection.are_reads_paused()) return;
  }
  if (polling_->post) finish_post(worker, true);
}

void EngineSession::finish_post(Worker& worker, bool is_fine) {
  std::string().swap(polling_->payload);
  polling_->is_post_whole = false;
  const ExchangeId id = *std::exchange(polling_->post, std::nullopt);
  answer(context_, worker, id, is_fine ? HttpReply{200, "text/html", "ok"} : engine_io::reply_of(Refusal::bad_request));
}

void EngineSession::on_request_gone(Worker& worker, Connection& connection, const ExchangeId& id) {
  if (!polling_ || !connection.is_open()) return;
  const bool is_poll = polling_->transport->is_poll(id);
  if (!is_poll && polling_->post != id) return;
  if (is_poll) {
    polling_->transport->detach();
  } else {
    polling_->post.reset();
  }
  worker.abandon(connection, EndReason::client_vanished);
}

// --- the other transport ---

bool EngineSession::begin_upgrade(const Connection& connection) {
  if (!polling_ || upgrade_ != Upgrade::none || !connection.is_open()) return false;
  upgrade_ = Upgrade::begun;
  return true;
}

void EngineSession::on_probed(Connection& connection) {
  if (!polling_) return;
  upgrade_ = Upgrade::probed;
  if (polling_->transport->has_poll() && connection.is_flushed()) {
    polling_->transport->answer(payload_of(PacketType::noop));
  }
}

void EngineSession::on_socket(Worker& worker, Connection& connection) {
  polling_.reset();
  end_upgrade();
  arm(worker, connection);
}

std::size_t EngineSession::on_bytes(Worker& worker, Connection& connection, std::span<char> bytes) {
  const std::size_t given = bytes.size();
  const FrameDecoder::Limits limits{context_.options.message_bytes_max, context_.options.fragments_per_message_max, 0};
  while (connection.is_open() && !connection.are_reads_paused()) {
    const FrameDecoder::Event event = decoder_.next(bytes, limits);
    if (event.kind == FrameDecoder::Kind::none) break;
    on_frame(worker, connection, event);
  }
  return given - bytes.size();
}

void EngineSession::on_frame(Worker& worker, Connection& connection, const FrameDecoder::Event& event) {
  using Kind = FrameDecoder::Kind;
  switch (event.kind) {
    case Kind::none:
    case Kind::pong:
      return;
    case Kind::text: {
      std::string decoded;
      const auto packet = engine_io::parse_packet(event.payload, decoded);
      if (!packet) return fail(worker, connection, packet.error().detail);
      on_packet(worker, connection, *packet);
      return;
    }
    case Kind::binary:
      on_packet(worker, connection, {PacketType::message, true, event.payload});
      return;
    case Kind::ping:
      return send_pong(worker, connection, event.payload);
    case Kind::close:
      return answer_close(worker, connection, event);
    case Kind::failure:
      if (event.close_code != close_code::too_large) return fail(worker, connection, event.payload);
      return worker.end(connection, {EndReason::too_large, event.close_code, std::string(event.payload)});
  }
}

// --- packets ---

bool EngineSession::on_packet(Worker& worker, Connection& connection, const engine_io::Packet& packet) {
  switch (packet.type) {
    case PacketType::message: {
      const auto taken = application_->on_message(worker, connection, packet.is_binary, packet.data);
      if (!taken) {
        fail(worker, connection, taken.error().detail);
      } else if (!*taken) {
        worker.pause_reads(connection);
        return false;
      }
      return true;
    }
    case PacketType::pong:
      awaits_pong_ = false;
      beat_ = worker.now() + context_.options.engine_ping_interval_ms;
      arm(worker, connection);
      return true;
    case PacketType::ping:
      fail(worker, connection, "a ping from a client, which is the server's to send");
      return true;
    case PacketType::close:
      on_client_close(worker, connection);
      return true;
    case PacketType::open:
    case PacketType::upgrade:
    case PacketType::noop:
      return true;
  }
  return true;
}

// A poll of the client's that waits, or that is still on its way, is answered by a noop.
void EngineSession::on_client_close(Worker& worker, Connection& connection) {
  if (!polling_) worker.close_after_flush(connection);
  worker.end(connection, {EndReason::client_closed, close_code::normal, {}});
}

void EngineSession::fail(Worker& worker, Connection& connection, std::string_view why) {
  worker.metrics().protocol_errors.add();
  if (worker.log_limit().allows(worker.now())) {
    base::log_info("client_failed", {{"connection", worker.id_of(connection).text()},
                                     {"why", why},
                                     {"suppressed", worker.log_limit().take_suppressed()}});
  }
  if (!polling_) {
    return worker.end(connection, {EndReason::protocol_error, close_code::protocol_error, std::string(why)});
  }
  if (polling_->post) finish_post(worker, false);
  if (polling_->transport->has_poll()) polling_->transport->answer(payload_of(PacketType::close));
  worker.abandon(connection, EndReason::protocol_error);
}

void EngineSession::send(Worker& worker, Connection& connection, PacketType type) {
  std::string frame;
  engine_io::append_packet(frame, type);
  worker.send(connection, frame);
}

void EngineSession::on_resume(Worker& worker, Connection& connection) {
  if (!application_->on_resume(worker, connection)) return worker.pause_reads(connection);
  if (polling_ && polling_->is_post_whole) take_packets(worker, connection);
}

// --- time ---

void EngineSession::arm(Worker& worker, Connection& connection) {
  base::TimePoint at = awaits_pong_ ? beat_ + context_.options.engine_ping_timeout_ms : beat_;
  if (const auto other = application_->deadline()) at = std::min(at, *other);
  if (polling_ && polling_->move) {
    const Move& move = *polling_->move;
    at = std::min(at, move.given ? worker.now() + move_again_after : move.until);
  }
  worker.arm(connection, at - early);
}

void EngineSession::on_deadline(Worker& worker, Connection& connection) {
  const base::TimePoint now = worker.now() + early;
  if (polling_ && polling_->move) go_on_with_move(worker, connection);
  if (!connection.is_open()) return;
  if (const auto other = application_->deadline(); other && now >= *other) {
    application_->on_deadline(worker, connection);
    if (!connection.is_open()) return;
  }
  // While we do not listen, the client's silence means nothing; but it listens, and counts on our pings.
  if (connection.are_reads_paused() && std::exchange(awaits_pong_, false)) {
    beat_ += context_.options.engine_ping_interval_ms;
  }
  if (awaits_pong_) {
    if (now >= beat_ + context_.options.engine_ping_timeout_ms) {
      if (polling_) return worker.abandon(connection, EndReason::heartbeat_timeout);
      return worker.end(connection, {EndReason::heartbeat_timeout, close_code::going_away, "no answer to a ping"});
    }
  } else if (now >= beat_) {
    if (is_changing()) {
      beat_ = now + probed_beat_delay;
    } else {
      awaits_pong_ = true;
      // Counted from when it was due, unless that is long ago.
      beat_ = std::max(beat_, now - 2 * early);
      send(worker, connection, PacketType::ping);
    }
  }
  arm(worker, connection);
}

// --- endings ---

void EngineSession::on_end_of_stream(Worker& worker, Connection& connection) {
  worker.abandon(connection, EndReason::client_vanished);
}

void EngineSession::on_ending(Worker& worker, Connection& connection, const workers::Ending& ending) {
  if (!std::exchange(is_over_, true)) application_->on_end(worker, connection, ending.reason);
  if (polling_) {
    const bool is_asked = ending.reason == EndReason::client_closed;
    return send(worker, connection, is_asked ? PacketType::noop : PacketType::close);
  }
  send_close(worker, connection, ending);
}

void EngineSession::on_gone(Worker& worker, Connection& connection) {
  if (!std::exchange(is_over_, true)) application_->on_end(worker, connection, connection.end_reason());
  if (!polling_) return;
  if (polling_->transport->has_poll()) polling_->transport->answer(payload_of(PacketType::close));
  if (polling_->post && polling_->is_post_whole) finish_post(worker, false);
}

}  // namespace sluice::gateway
