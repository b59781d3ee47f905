#include "gateway/http_wire.hpp"

#include <algorithm>
#include <array>

#include "base/log.hpp"
#include "gateway/encodings.hpp"
#include "gateway/http_answer.hpp"
#include "gateway/http_head.hpp"
#include "gateway/request_target.hpp"
#include "gateway/websocket_handshake.hpp"
#include "gateway/websocket_wire.hpp"
#include "gateway/worker_context.hpp"
#include "workers/worker.hpp"

namespace sluice::gateway {
namespace {

using base::Errc;
using base::fail;
using workers::Connection;
using workers::EndReason;
using workers::Worker;

// What the paths of the client port are for. Later wires add theirs.
enum class Endpoint : std::uint8_t { websocket };
struct Route {
  std::string_view path;
  Endpoint endpoint;
};
constexpr std::array<Route, 2> routes{{{"/", Endpoint::websocket}, {"/ws", Endpoint::websocket}}};

const Route* find_route(std::string_view path) {
  const auto found = std::find_if(routes.begin(), routes.end(), [path](const Route& r) { return r.path == path; });
  return found == routes.end() ? nullptr : &*found;
}

workers::GapReason gap_reason(workers::Gap gap) {
  switch (gap) {
    case workers::Gap::none:
    case workers::Gap::evicted:
      return workers::GapReason::evicted;
    case workers::Gap::other_epoch:
      return workers::GapReason::other_epoch;
    case workers::Gap::future:
      return workers::GapReason::future;
  }
  return workers::GapReason::evicted;
}

// Makes the connection a WebSocket: the answer, what an enveloped client is told first, what it missed.
void upgrade(Worker& worker, Connection& connection, WorkerContext& context, WebSocketHandshake handshake) {
  worker.send(connection, handshake.answer);
  workers::Announced announced = worker.announce(connection, std::move(handshake.announcement));
  worker.become(connection, std::make_unique<WebSocketWire>(context, connection.format(), handshake.deflate));
  if (!handshake.is_enveloped) return;
  std::string open;
  append_open(worker.id_of(connection).text(), announced.position.text(), open);
  worker.send(connection, open);
  if (announced.gap != workers::Gap::none) worker.tell_gap(connection, gap_reason(announced.gap));
  worker.replay(connection, std::move(announced.missed));
}

}  // namespace

void HttpWire::on_start(Worker& worker, Connection& connection) {
  worker.arm(connection, worker.now() + context_.options.handshake_seconds_max);
}

std::size_t HttpWire::on_bytes(Worker& worker, Connection& connection, std::span<char> bytes) {
  const std::string_view fresh(bytes.data(), bytes.size());
  const std::size_t before = begun_.size();
  // A head that comes in one piece is parsed where it lies.
  std::string_view seen = fresh;
  if (before > 0) {
    begun_ += fresh.substr(0, context_.options.http_header_bytes_max + 1);
    seen = begun_;
  }
  const std::size_t size = head_size(seen);
  const std::string_view head = seen.substr(0, size != 0 ? size : seen.size());
  if (const auto status = check_head(head, before); !status) {
    return refuse(worker, connection, http_answer(http_error(status.error())), bytes.size());
  }
  if (head.size() > context_.options.http_header_bytes_max) {
    const HttpError error{431,
                          fail(Errc::too_large, "the request's head is longer than " +
                                                    std::to_string(context_.options.http_header_bytes_max) + " bytes")};
    return refuse(worker, connection, http_answer(error), bytes.size());
  }
  if (size == 0) {
    if (before == 0) begun_ = fresh;
    return bytes.size();
  }
  // What stands behind the head belongs to the next wire.
  on_head(worker, connection, head);
  return connection.is_open() ? size - before : bytes.size();
}

void HttpWire::on_head(Worker& worker, Connection& connection, std::string_view head_text) {
  const auto refuse_with = [&](const HttpError& error) { refuse(worker, connection, http_answer(error), 0); };
  const auto head = parse_head(head_text);
  if (!head) return refuse_with(http_error(head.error()));
  const auto target = RequestTarget::parse(head->target);
  if (!target) return refuse_with(http_error(target.error()));
  const Route* const route = find_route(target->path);
  if (route == nullptr) {
    return refuse_with(http_error(fail(Errc::not_found, "there is nothing at this path; WebSocket is at / and /ws")));
  }
  switch (route->endpoint) {
    case Endpoint::websocket: {
      auto shaken =
          shake_hands(*head, *target, context_.options, context_.namespaces, worker.options().rooms_per_connection_max);
      if (const auto* const error = std::get_if<HttpError>(&shaken)) return refuse_with(*error);
      return upgrade(worker, connection, context_, std::get<WebSocketHandshake>(std::move(shaken)));
    }
  }
}

// Answers with an error and ends the connection; gives `taken` back.
std::size_t HttpWire::refuse(Worker& worker, Connection& connection, std::string answer, std::size_t taken) {
  worker.metrics().handshakes_refused.add();
  if (worker.log_limit().allows(worker.now())) {
    base::log_info("request_refused", {{"remote", worker.remote_address(connection).text()},
                                       {"answer", answer.substr(9, 3)},
                                       {"suppressed", worker.log_limit().take_suppressed()}});
  }
  answer_ = std::move(answer);
  worker.end(connection, {EndReason::refused, rfc6455::close_code::normal, {}});
  return taken;
}

void HttpWire::on_end_of_stream(Worker& worker, Connection& connection) {
  worker.abandon(connection, EndReason::client_vanished);
}

void HttpWire::on_deadline(Worker& worker, Connection& connection) {
  worker.metrics().handshakes_refused.add();
  answer_ = http_answer({408, fail(Errc::timed_out, "the request took too long to arrive")});
  worker.end(connection, {EndReason::handshake_timeout, rfc6455::close_code::normal, {}});
}

void HttpWire::on_ending(Worker& worker, Connection& connection, const workers::Ending& ending) {
  // Whoever has not even asked for anything is told nothing; browsers open such connections in advance.
  if (answer_.empty() && !begun_.empty() && ending.reason == EndReason::draining) {
    answer_ = http_answer({503, fail(Errc::unavailable, "the gateway is going away"), "Retry-After: 1\r\n"});
  }
  if (!answer_.empty()) worker.send(connection, answer_);
}

}  // namespace sluice::gateway
