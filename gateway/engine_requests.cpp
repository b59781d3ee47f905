#include "gateway/engine_requests.hpp"

#include <optional>
#include <string>
#include <utility>

#include "base/log.hpp"
#include "gateway/carried.hpp"
#include "gateway/cors.hpp"
#include "gateway/engine_arrival_wire.hpp"
#include "gateway/engine_io.hpp"
#include "gateway/engine_messages.hpp"
#include "gateway/engine_probe_wire.hpp"
#include "gateway/engine_session.hpp"
#include "gateway/entrance.hpp"
#include "gateway/http_answer.hpp"
#include "gateway/http_head.hpp"
#include "gateway/http_wire.hpp"
#include "gateway/origins.hpp"
#include "gateway/peer_sessions.hpp"
#include "gateway/poll_transport.hpp"
#include "gateway/request_target.hpp"
#include "gateway/session_requests.hpp"
#include "gateway/socket_io_session.hpp"
#include "gateway/websocket_handshake.hpp"
#include "gateway/worker_context.hpp"

namespace sluice::gateway {
namespace {

using engine_io::Refusal;
using workers::Connection;
using workers::Worker;

// What a request that passed the first checks asks for.
struct Ask {
  bool is_websocket = false;
  bool is_post = false;
  std::optional<base::ConnectionId> session;  // nothing: a new one
};

std::variant<Ask, Refusal> read_ask(const HttpHead& head, const RequestTarget& target, const WorkerContext& context,
                                    std::uint32_t incarnation) {
  const auto parameter = [&target](std::string_view name) {
    const std::string* const value = target.find(name);
    return value != nullptr ? std::string_view(*value) : std::string_view{};
  };
  const std::string_view transport = parameter("transport");
  Ask ask;
  ask.is_websocket = transport == "websocket";
  if (!ask.is_websocket && (transport != "polling" || !context.options.allow_polling)) {
    return Refusal::unknown_transport;
  }
  if (parameter("EIO") != engine_io::revision) return Refusal::unsupported_protocol_version;
  if (ask.is_websocket != head.has_token("Upgrade", "websocket")) return Refusal::bad_request;
  const std::string* const sid = target.find("sid");
  if (sid == nullptr) return head.method == "GET" ? std::variant<Ask, Refusal>(ask) : Refusal::bad_handshake_method;
  ask.session = context.seals.open(Seals::Purpose::engine_session, *sid);
  const bool may_be_there =
      ask.session && (ask.session->incarnation == incarnation || !context.peer_sessions.is_alone());
  if (!may_be_there) return Refusal::unknown_session;
  ask.is_post = head.method == "POST";
  if (!ask.is_post && head.method != "GET") return Refusal::bad_request;
  return ask;
}

// Polls and posts of a session.
class SessionExchange final : public HttpHandler {
 public:
  SessionExchange(WorkerContext& context, base::ConnectionId session, bool is_post, std::string headers)
      : context_(context), session_(session), is_post_(is_post), headers_(std::move(headers)) {}

  HttpReply too_large() const override { return {413, "text/plain", "the payload is over maxPayload\n", {}, true}; }
  void complete(HttpReply& reply) const override { reply.headers += headers_; }

  void on_begun(Worker& worker, const ExchangeId& id) override {
    if (!is_post_) return;
    if (is_abroad(worker)) return context_.peer_sessions.begin_post(session_, id);
    begin_post(worker, session_, id);
  }

  void on_request(Worker& worker, const ExchangeId& id, std::string body) override {
    if (is_abroad(worker)) {
      worker.metrics().roaming.requests.add();
      return is_post_ ? context_.peer_sessions.post(session_, id, std::move(body))
                      : context_.peer_sessions.poll(session_, id);
    }
    return is_post_ ? post_to_session(context_, worker, session_, id, std::move(body))
                    : poll_session(context_, worker, session_, id);
  }

  void on_gone(Worker& worker, const ExchangeId& id) override {
    if (is_abroad(worker)) return context_.peer_sessions.end_request(session_, id);
    end_request(worker, session_, id);
  }

 private:
  // It lives on another node.
  bool is_abroad(const Worker& worker) const { return session_.incarnation != worker.incarnation(); }

  WorkerContext& context_;
  base::ConnectionId session_;
  bool is_post_;
  std::string headers_;
};

// A handshake by polling: the session begins, and its first packets are the answer.
class OpenRequest final : public HttpHandler {
 public:
  OpenRequest(WorkerContext& context, std::unique_ptr<EngineApplication> application, base::Address remote,
              std::string headers)
      : context_(context), application_(std::move(application)), remote_(remote), headers_(std::move(headers)) {}

  HttpReply too_large() const override { return engine_io::reply_of(Refusal::bad_request); }
  void complete(HttpReply& reply) const override { reply.headers += headers_; }

  void on_request(Worker& worker, const ExchangeId& id, std::string) override {
    auto transport = std::make_unique<PollTransport>(worker, context_, remote_);
    auto wire = std::make_unique<EngineSession>(context_, std::move(application_), transport.get());
    EngineSession& session = *wire;
    Connection* const connection = worker.open_session(std::move(wire), std::move(transport));
    if (connection == nullptr) {
      return HttpWire::answer(worker, id, unavailable_reply("there are as many connections as may be"));
    }
    worker.run_for(*connection, [&] { session.open(worker, *connection, id); });
  }

 private:
  WorkerContext& context_;
  std::unique_ptr<EngineApplication> application_;
  base::Address remote_;
  std::string headers_;
};

// The application of a new session, or what comes instead of one.
std::variant<std::unique_ptr<EngineApplication>, Routed> make_application(const RouteParts& parts, EngineKind kind) {
  if (kind == EngineKind::socket_io) {
    auto place = count_client(parts.context, parts.worker, parts.connection);
    if (!place)
      return Routed(turned_away_reply(place.error(), parts.connection.slot() + parts.connection.generation()));
    // Each namespace is let in by itself, by what its CONNECT shows or else by this.
    auto shown = parts.context.authenticator.of_request(parts.head, parts.target);
    auto rooms = read_room_names(parts.target, parts.context.options, parts.worker.options().rooms_per_connection_max);
    if (!rooms) return Routed(http_reply(http_error(rooms.error())));
    // Where neither a token nor a verdict can grant more, it is known now.
    const bool is_known =
        !parts.context.authenticator.knows_tokens() && parts.context.options.connect_verdict == ConnectVerdict::none;
    if (is_known) {
      const auto status = check_rooms(*rooms, rules_of(parts.context, parts.worker, Admission()).rooms());
      if (!status) return Routed(http_reply(http_error(status.error())));
    }
    return std::make_unique<SocketIoSession>(
        parts.context,
        SocketIoSession::Handshake{std::move(*rooms), read_details(parts.head, parts.target, parts.context.options),
                                   std::move(shown), *std::move(place)});
  }
  auto admitted = admit(parts, workers::Protocol::engine_io);
  if (auto* const instead = std::get_if<Routed>(&admitted)) return std::move(*instead);
  auto& admission = std::get<Admission>(admitted);
  if (const auto status = count_once(parts, admission); !status) return Routed(http_reply(http_error(status.error())));
  auto subscription = read_subscription(parts.head, parts.target, rules_of(parts.context, parts.worker, admission));
  if (!subscription) return Routed(http_reply(http_error(subscription.error())));
  if (auto needs = needs_rooms(parts, admission, subscription->announcement)) return Routed(*std::move(needs));
  return std::make_unique<EngineMessages>(parts.context, std::move(*subscription));
}

// The session comes here.
Routed await_session(const RouteParts& parts, const base::ConnectionId& session, const std::string& answer) {
  if (!parts.context.peer_sessions.knows(session.incarnation)) {
    return engine_io::reply_of(Refusal::unknown_session);
  }
  auto place = count_address(parts.context, parts.worker, parts.connection);
  if (!place) return http_reply(http_error(place.error()));
  parts.worker.send(parts.connection, answer);
  parts.worker.become(parts.connection, std::make_unique<EngineArrivalWire>(parts.context, session, *std::move(place)));
  return Became{};
}

Routed become_websocket(const RouteParts& parts, const Ask& ask, std::unique_ptr<EngineApplication> application) {
  Worker& worker = parts.worker;
  Connection& connection = parts.connection;
  const std::string answer = accept_upgrade(parts.head) + "\r\n";
  if (ask.session) {
    if (ask.session->incarnation != worker.incarnation()) return await_session(parts, *ask.session, answer);
    if (ask.session->worker() != worker.id()) return HandOver{ask.session->worker()};
    Connection* session_connection = nullptr;
    if (find_wire<EngineSession>(worker, *ask.session, session_connection) == nullptr)
      return engine_io::reply_of(Refusal::unknown_session);
    worker.send(connection, answer);
    worker.become(connection, std::make_unique<EngineProbeWire>(parts.context, *session_connection));
    return Became{};
  }
  worker.send(connection, answer);
  auto wire = std::make_unique<EngineSession>(parts.context, std::move(application), nullptr);
  EngineSession& session = *wire;
  worker.become(connection, std::move(wire));
  session.open(worker, connection, std::nullopt);
  return Became{};
}

// The old protocol is known by its number; whoever runs such a client is told what to do, not only the client.
void note_refusal(Worker& worker, const Connection& connection, Refusal why, const RequestTarget& target) {
  const std::string* const revision = target.find("EIO");
  if (why != Refusal::unsupported_protocol_version || !worker.log_limit().allows(worker.now())) return;
  base::log_info("engine_io_refused",
                 {{"remote", worker.remote_address(connection).text()},
                  {"why", revision != nullptr && *revision == "3"
                              ? "the client speaks Engine.IO 3 (Socket.IO 2); use socket.io-client 3 or newer"
                              : "the request does not say EIO=4"},
                  {"suppressed", worker.log_limit().take_suppressed()}});
}

}  // namespace

Routed route_engine_io(const RouteParts& parts, EngineKind kind) {
  const HttpHead& head = parts.head;
  WorkerContext& context = parts.context;
  if (!is_origin_allowed(context.options.allowed_origins, head.find("Origin"), head.find("Host"))) {
    return engine_io::reply_of(Refusal::forbidden);
  }
  std::string headers = cors_headers(context.options, head);
  if (head.method == "OPTIONS") return preflight_reply(head, std::move(headers));
  const auto refuse = [&](HttpReply reply) {
    reply.headers += headers;
    return reply;
  };
  const auto read = read_ask(head, parts.target, context, parts.worker.incarnation());
  if (const auto* const why = std::get_if<Refusal>(&read)) {
    note_refusal(parts.worker, parts.connection, *why, parts.target);
    return refuse(engine_io::reply_of(*why));
  }
  const Ask& ask = std::get<Ask>(read);
  if (ask.session && !ask.is_websocket) {
    // Binary bodies were the third revision's.
    if (ask.is_post && head.find("Content-Type") == "application/octet-stream") {
      return refuse(engine_io::reply_of(Refusal::bad_request));
    }
    return std::make_unique<SessionExchange>(context, *ask.session, ask.is_post, std::move(headers));
  }
  if (ask.is_websocket) {
    if (const auto misfit = upgrade_misfit(head)) return http_reply(*misfit);
  }
  std::unique_ptr<EngineApplication> application;
  if (!ask.session) {
    auto made = make_application(parts, kind);
    if (auto* const routed = std::get_if<Routed>(&made)) {
      if (auto* const reply = std::get_if<HttpReply>(routed)) return refuse(std::move(*reply));
      if (auto* const needs = std::get_if<NeedsRooms>(routed)) needs->headers = headers;
      return std::move(*routed);
    }
    application = std::get<std::unique_ptr<EngineApplication>>(std::move(made));
  }
  if (ask.is_websocket) return become_websocket(parts, ask, std::move(application));
  return std::make_unique<OpenRequest>(context, std::move(application), parts.worker.remote_address(parts.connection),
                                       std::move(headers));
}

}  // namespace sluice::gateway
