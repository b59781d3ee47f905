#include "gateway/http_wire.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "base/log.hpp"
#include "gateway/client_address.hpp"
#include "gateway/http_answer.hpp"
#include "gateway/http_head.hpp"
#include "gateway/http_wire_request.hpp"
#include "gateway/request_target.hpp"
#include "gateway/rfc6455.hpp"
#include "gateway/worker_context.hpp"
#include "workers/worker.hpp"

namespace sluice::gateway {
namespace {

using base::Errc;
using base::fail;
using workers::Connection;
using workers::EndReason;
using workers::Worker;

// What a client may send ahead of an answer; who sends more has it thrown away, and asks again on another connection
// (RFC 9112, 9.3.2).
constexpr std::size_t early_bytes_max = 65536;

// Whether the client means to go on with the connection (RFC 9112, 9.3).
bool keeps_alive(const HttpHead& head) {
  if (head.has_token("Connection", "close")) return false;
  return head.is_http_1_1 || head.has_token("Connection", "keep-alive");
}

}  // namespace

HttpWire::HttpWire(WorkerContext& context) : context_(context) {}
HttpWire::~HttpWire() = default;

void HttpWire::on_start(Worker& worker, Connection& connection) {
  worker.arm(connection, worker.now() + worker.shortened(context_.options.handshake_seconds_max));
}

ExchangeId HttpWire::exchange_id(Worker& worker, const Connection& connection) const {
  return {worker.incarnation(), worker.id(), connection.slot(), connection.generation(), number_};
}

// --- requests ---

std::size_t HttpWire::on_bytes(Worker& worker, Connection& connection, std::span<char> bytes) {
  std::string_view rest(bytes.data(), bytes.size());
  while (!rest.empty() && connection.is_open() && &connection.wire() == this) {
    if ((request_ && request_->is_whole) || early_) {
      keep_early(rest);
      return bytes.size();
    }
    rest.remove_prefix(request_ ? take_body(worker, connection, rest) : take_head(worker, connection, rest));
  }
  return bytes.size() - rest.size();
}

std::size_t HttpWire::take_head(Worker& worker, Connection& connection, std::string_view fresh) {
  // RFC 9112, 2.2: an empty line before a request is nothing.
  if (!begun_ && number_ > 0 && fresh.starts_with("\r\n")) return 2;
  const std::size_t before = begun_ ? begun_->size() : 0;
  const std::size_t bytes_max = context_.options.http_header_bytes_max;
  // A head that comes in one piece is parsed where it lies.
  std::string_view seen = fresh;
  if (begun_) {
    *begun_ += fresh.substr(0, bytes_max + 1);
    seen = *begun_;
  } else if (number_ > 0) {
    worker.arm(connection, worker.now() + worker.shortened(context_.options.handshake_seconds_max));
  }
  const std::size_t size = head_size(seen);
  const std::string_view head = seen.substr(0, size != 0 ? size : seen.size());
  if (const auto status = check_head(head, before); !status) {
    refuse(worker, connection, http_reply(http_error(status.error())));
    return fresh.size();
  }
  if (head.size() > bytes_max) {
    refuse(worker, connection,
           http_reply({431, fail(Errc::too_large,
                                 "the request's head is longer than " + std::to_string(bytes_max) + " bytes")}));
    return fresh.size();
  }
  if (size == 0) {
    if (!begun_) begun_ = std::make_unique<std::string>(fresh);
    return fresh.size();
  }
  // What stands behind the head belongs to the body, to the next request or to the next wire.
  const std::string whole = taken_from(begun_);
  const auto away = on_head(worker, connection, before > 0 ? std::string_view(whole).substr(0, size) : head);
  if (!away) return size - before;
  // There it begins anew with the head's first byte.
  worker.hand_over(connection, *away, whole.substr(0, before));
  return 0;
}

std::optional<base::WorkerId> HttpWire::on_head(Worker& worker, Connection& connection, std::string_view head_text) {
  const auto refuse_with = [&](const HttpError& error) {
    refuse(worker, connection, http_reply(error));
    return std::nullopt;
  };
  const auto head = parse_head(head_text);
  if (!head) return refuse_with(http_error(head.error()));
  const auto target = RequestTarget::parse(head->target);
  if (!target) return refuse_with(http_error(target.error()));
  ++number_;
  is_head_ = head->method == "HEAD";
  if (!context_.trusted_proxies.networks.empty()) {
    // Another request on the same connection may be another client's.
    if (!peer_) peer_ = std::make_unique<base::Address>(worker.remote_address(connection));
    worker.set_remote_address(connection, client_address(*head, *peer_, context_.trusted_proxies));
  }
  return follow(worker, connection, *head, route({worker, connection, context_, *head, *target}), head_text);
}

std::optional<base::WorkerId> HttpWire::follow(Worker& worker, Connection& connection, const HttpHead& head,
                                               Routed routed, std::string_view head_text) {
  if (std::holds_alternative<Became>(routed)) return std::nullopt;
  if (const auto* const away = std::get_if<HandOver>(&routed)) return away->to;
  keeps_alive_ = keeps_alive(head);
  if (auto* const handler = std::get_if<std::unique_ptr<HttpHandler>>(&routed)) {
    begin(worker, connection, head, std::move(*handler));
  } else if (auto* const needs = std::get_if<NeedsVerdict>(&routed)) {
    ask_verdict(worker, connection, std::move(*needs), head_text);
  } else if (auto* const rooms = std::get_if<NeedsRooms>(&routed)) {
    prepare(worker, connection, std::move(*rooms), head_text);
  } else if (auto* const reply = std::get_if<HttpReply>(&routed)) {
    // What body it may have is not read.
    const bool has_body = head.count("Transfer-Encoding") > 0 ||
                          head.find("Content-Length").find_first_not_of('0') != std::string_view::npos;
    reply->closes = reply->closes || has_body;
    if (reply->status < 400) {
      send(worker, connection, std::move(*reply));
    } else {
      refuse(worker, connection, std::move(*reply));
    }
  }
  return std::nullopt;
}

// --- bodies ---

// The head is understood: takes the body, if there is one.
void HttpWire::begin(Worker& worker, Connection& connection, const HttpHead& head,
                     std::unique_ptr<HttpHandler> handler) {
  const std::size_t bytes_max = context_.options.message_bytes_max;
  request_ = std::make_shared<Request>();
  request_->handler = std::move(handler);
  if (head.count("Transfer-Encoding") > 0) {
    if (!equals_ignoring_case(head.find("Transfer-Encoding"), "chunked")) {
      request_.reset();
      return refuse(worker, connection,
                    http_reply({501, fail(Errc::bad_request, "the only Transfer-Encoding that is read is chunked")}));
    }
    request_->chunked = std::make_unique<ChunkedBody>();
  } else if (const std::string_view length = head.find("Content-Length"); !length.empty()) {
    const auto [end, error] = std::from_chars(length.data(), length.data() + length.size(), request_->length);
    if (error != std::errc() || request_->length > bytes_max) {
      return refuse_body(worker, connection, request_->handler->too_large());
    }
  }
  if (request_->is_complete()) return dispatch(worker, connection);
  if (equals_ignoring_case(head.find("Expect"), "100-continue")) {
    worker.send(connection, "HTTP/1.1 100 Continue\r\n\r\n");
  }
}

std::size_t HttpWire::take_body(Worker& worker, Connection& connection, std::string_view bytes) {
  Request& request = *request_;
  std::size_t taken = bytes.size();
  if (request.chunked) {
    const auto put = request.chunked->put(bytes, request.text, context_.options.message_bytes_max);
    if (!put) {
      refuse_body(
          worker, connection,
          put.error().code == Errc::too_large ? request.handler->too_large() : http_reply(http_error(put.error())));
      return bytes.size();
    }
    taken = *put;
  } else {
    taken = std::min(bytes.size(), request.length - request.text.size());
    request.text += bytes.substr(0, taken);
  }
  if (request.is_complete()) {
    dispatch(worker, connection);
  } else if (!std::exchange(request.has_begun, true)) {
    request.handler->on_begun(worker, exchange_id(worker, connection));
  }
  return taken;
}

// What the body would still be is not read.
void HttpWire::refuse_body(Worker& worker, Connection& connection, HttpReply reply) {
  request_->handler->complete(reply);
  reply.closes = true;
  refuse(worker, connection, std::move(reply));
}

void HttpWire::dispatch(Worker& worker, Connection& connection) {
  // The answer may take as long as it takes: whoever holds the request has a deadline for it.
  worker.disarm(connection);
  request_->is_whole = true;
  const ExchangeId id = exchange_id(worker, connection);
  // The answer may come, and end the request, inside the call.
  const std::shared_ptr<Request> request = request_;
  request->handler->on_request(worker, id, std::exchange(request->text, {}));
}

void HttpWire::keep_early(std::string_view bytes) {
  const std::size_t before = early_ ? early_->size() : 0;
  if (before + bytes.size() > early_bytes_max) {
    if (request_) request_->drops_early = true;
    return;
  }
  if (!early_) early_ = std::make_unique<std::string>();
  *early_ += bytes;
}

// --- answers ---

void HttpWire::answer(Worker& here, const ExchangeId& id, HttpReply reply) {
  if (here.id() != id.worker) {
    return here.post(id.worker,
                     [id, reply = std::move(reply)](Worker& worker) mutable { answer(worker, id, std::move(reply)); });
  }
  Connection* const connection = here.find_open(id.slot, id.generation);
  HttpWire* const wire = of(connection);
  if (wire == nullptr) return;
  here.run_for(*connection, [&] { wire->take_answer(here, *connection, id.number, std::move(reply)); });
}

HttpWire* HttpWire::of(Connection* connection) {
  // Only this class speaks that protocol.
  const bool is_ours = connection != nullptr && connection->protocol() == workers::Protocol::http;
  return is_ours ? static_cast<HttpWire*>(&connection->wire()) : nullptr;
}

void HttpWire::take_answer(Worker& worker, Connection& connection, std::uint32_t number, HttpReply reply) {
  if (!request_ || !request_->is_whole || !request_->handler || number != number_) return;
  reply.closes = reply.closes || request_->drops_early;
  request_->handler->complete(reply);
  request_.reset();
  send(worker, connection, std::move(reply));
  if (!early_ || !connection.is_open()) return;
  // Not from here: whoever answers may be in the middle of something.
  const std::uint32_t slot = connection.slot(), generation = connection.generation();
  worker.post(worker.id(), [slot, generation](Worker& here) {
    Connection* const found = here.find_open(slot, generation);
    HttpWire* const wire = of(found);
    if (wire == nullptr) return;
    std::string early = taken_from(wire->early_);
    here.feed(*found, {early.data(), early.size()});
  });
}

void HttpWire::send(Worker& worker, Connection& connection, HttpReply reply) {
  reply.closes = reply.closes || !keeps_alive_;
  if (reply.closes) {
    answer_ = std::make_unique<std::string>(http_text(reply, is_head_));
    return worker.end(connection, {EndReason::client_closed, rfc6455::close_code::normal, {}});
  }
  worker.send(connection, http_text(reply, is_head_));
  worker.arm(connection, worker.now() + worker.shortened(context_.options.http_idle_seconds_max));
}

// Answers with an error.
void HttpWire::refuse(Worker& worker, Connection& connection, HttpReply reply) {
  worker.metrics().handshakes_refused.add();
  if (worker.log_limit().allows(worker.now())) {
    base::log_info("request_refused", {{"remote", worker.remote_address(connection).text()},
                                       {"answer", std::to_string(reply.status)},
                                       {"suppressed", worker.log_limit().take_suppressed()}});
  }
  if (!reply.closes && keeps_alive_) return send(worker, connection, std::move(reply));
  reply.closes = true;
  answer_ = std::make_unique<std::string>(http_text(reply, is_head_));
  worker.end(connection, {EndReason::refused, rfc6455::close_code::normal, {}});
}

// --- endings ---

void HttpWire::on_end_of_stream(Worker& worker, Connection& connection) {
  // Who asked and closed its side in one step still gets the answer that was given at once; who leaves while an answer
  // is awaited does not wait for it.
  if (request_ || connection.is_flushed()) return worker.abandon(connection, EndReason::client_vanished);
  worker.end(connection, {EndReason::client_vanished, rfc6455::close_code::normal, {}});
  worker.close_after_flush(connection);
}

void HttpWire::on_deadline(Worker& worker, Connection& connection) {
  // Nobody waits for anything between two requests.
  if (number_ > 0 && !begun_ && !request_) return worker.abandon(connection, EndReason::client_closed);
  worker.metrics().handshakes_refused.add();
  answer_ = std::make_unique<std::string>(
      http_text(http_reply({408, fail(Errc::timed_out, "the request took too long to arrive")})));
  worker.end(connection, {EndReason::handshake_timeout, rfc6455::close_code::normal, {}});
}

void HttpWire::on_ending(Worker& worker, Connection& connection, const workers::Ending& ending) {
  // Whoever has not even asked for anything is told nothing; browsers open such connections in advance.
  if (!answer_ && (begun_ || request_) && may_come_back(ending.reason)) {
    const HttpHandler* const handler = request_ ? request_->handler.get() : nullptr;
    auto reply = handler != nullptr ? handler->last_words(worker, ending) : std::nullopt;
    if (reply) handler->complete(*reply);
    if (!reply) reply = unavailable_reply("the gateway is going away", retry_after_seconds(ending));
    reply->closes = true;
    answer_ = std::make_unique<std::string>(http_text(*reply, is_head_));
  }
  if (answer_) worker.send(connection, *answer_);
}

void HttpWire::on_gone(Worker& worker, Connection& connection) {
  if (request_ && request_->handler) request_->handler->on_gone(worker, exchange_id(worker, connection));
}

}  // namespace sluice::gateway
