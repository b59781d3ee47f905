#include "gateway/http_rooms.hpp"

#include <charconv>
#include <memory>
#include <utility>

#include "base/control_character.hpp"
#include "base/json_scanner.hpp"
#include "gateway/cors.hpp"
#include "gateway/encodings.hpp"
#include "gateway/entrance.hpp"
#include "gateway/gzip.hpp"
#include "gateway/http_answer.hpp"
#include "gateway/http_head.hpp"
#include "gateway/http_wire.hpp"
#include "gateway/inbound.hpp"
#include "gateway/origins.hpp"
#include "gateway/peer_sessions.hpp"
#include "gateway/poll_session.hpp"
#include "gateway/request_target.hpp"
#include "gateway/session_requests.hpp"
#include "gateway/sse_wire.hpp"
#include "gateway/utf8.hpp"
#include "gateway/worker_context.hpp"
#include "workers/event_names.hpp"

namespace sluice::gateway {
namespace {

using base::Errc;
using base::fail;
using workers::Connection;
using workers::RoomKey;
using workers::Worker;

HttpReply error_reply(base::Error error, const std::string& headers) {
  HttpReply reply = http_reply(http_error(std::move(error)));
  reply.headers += headers;
  reply.closes = false;
  return reply;
}

// What comes before anything that such a path is for: its method and its page's origin. `headers` are for every answer.
std::optional<HttpReply> not_for_it(const RouteParts& parts, std::string_view method, std::string& headers) {
  const Options& options = parts.context.options;
  if (!is_origin_allowed(options.allowed_origins, parts.head.find("Origin"), parts.head.find("Host"))) {
    return error_reply(fail(Errc::forbidden, "the page's origin may not ask this (option allowed-origins)"), {});
  }
  headers = cors_headers(options, parts.head);
  if (parts.head.method == "OPTIONS") return preflight_reply(parts.head, headers);
  if (parts.head.method == method) return std::nullopt;
  HttpReply reply = http_reply({405, fail(Errc::bad_request, "this path is for " + std::string(method)), {}});
  reply.headers += "Allow: " + std::string(method) + ", OPTIONS\r\n" + headers;
  return reply;
}

// What comes instead of it, with the headers that every answer has.
Routed with_headers(Routed routed, const std::string& headers) {
  if (auto* const reply = std::get_if<HttpReply>(&routed)) reply->headers += headers;
  return routed;
}

// The subscription of a client that was let in, from `since` if that is given; or what comes instead.
std::variant<Subscription, Routed> subscribe(const RouteParts& parts, workers::Protocol protocol,
                                             const std::optional<base::Position>& since, const std::string& headers) {
  auto admitted = admit(parts, protocol);
  if (auto* const instead = std::get_if<Routed>(&admitted)) return with_headers(std::move(*instead), headers);
  auto& admission = std::get<Admission>(admitted);
  if (const auto status = count_once(parts, admission); !status) return Routed(error_reply(status.error(), headers));
  auto subscription = read_subscription(parts.head, parts.target, rules_of(parts.context, parts.worker, admission));
  if (!subscription) return Routed(error_reply(subscription.error(), headers));
  if (since) subscription->announcement.since = since;
  if (auto needs = needs_rooms(parts, admission, subscription->announcement)) {
    needs->headers = headers;
    return Routed(*std::move(needs));
  }
  return *std::move(subscription);
}

// --- GET /sse ---

// Where a stream goes on: what the browser remembers, or what the page says the first time.
base::Result<std::optional<base::Position>> last_event(const RouteParts& parts) {
  std::string_view text = parts.head.find("Last-Event-ID");
  if (const std::string* const said = parts.target.find("lastEventId"); text.empty() && said != nullptr) text = *said;
  if (text.empty()) return std::optional<base::Position>();
  auto position = base::Position::parse(text);
  if (!position) return fail(Errc::bad_request, "Last-Event-ID is not a position, such as 00c0ffee00c0ffee-42");
  return position;
}

}  // namespace

Routed route_sse(const RouteParts& parts) {
  std::string headers;
  const bool is_head = parts.head.method == "HEAD";
  if (auto reply = not_for_it(parts, is_head ? "HEAD" : "GET", headers)) return std::move(*reply);
  if (is_head) return HttpReply{200, "text/event-stream", {}, headers};
  const auto since = last_event(parts);
  if (!since) return error_reply(since.error(), headers);
  auto subscribed = subscribe(parts, workers::Protocol::sse, *since, headers);
  if (auto* const instead = std::get_if<Routed>(&subscribed)) return std::move(*instead);
  auto& subscription = std::get<Subscription>(subscribed);
  subscription.announcement.format = sse_events;
  // It is always told where it stands, so that its browser comes back from there.
  subscription.is_enveloped = true;
  // Not all come back at the same moment.
  const std::uint32_t retry_ms = 1000 + parts.connection.slot() * 2654435761U % 2000;
  parts.worker.send(parts.connection, sse_head(headers) + "retry: " + std::to_string(retry_ms) + "\n\n");
  parts.worker.become(parts.connection, std::make_unique<SseWire>(parts.context));
  begin_subscription(parts.worker, parts.connection, std::move(subscription));
  return Became{};
}

// --- GET /poll ---

namespace {

// What a poll asks for, beside its rooms.
struct PollWish {
  std::optional<base::Position> since;
  std::optional<base::ConnectionId> session;  // that its cursor names
  bool names_rooms = false;
  bool is_gone = false;  // who its cursor names: the position alone counts
  std::chrono::milliseconds wait{0};
};

// "25s", "25", "0.5", "500ms"
base::Result<std::chrono::milliseconds> read_wait(std::string_view text, std::chrono::milliseconds max) {
  double amount = 0;
  const char* const last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, amount);
  const std::string_view unit(end, static_cast<std::size_t>(last - end));
  const double factor = unit == "ms" ? 1 : 1000;
  const bool is_fit = error == std::errc() && (unit.empty() || unit == "s" || unit == "ms") && amount >= 0 &&
                      amount * factor <= static_cast<double>(max.count());
  if (is_fit) return std::chrono::milliseconds(static_cast<std::int64_t>(amount * factor));
  return fail(Errc::bad_request,
              "wait is not 0 to " + std::to_string(max.count() / 1000) + "s, such as 5s, 5 or 500ms");
}

base::Result<PollWish> read_poll(const RouteParts& parts) {
  PollWish wish;
  if (const std::string* const wait = parts.target.find("wait")) {
    const auto read = read_wait(*wait, parts.context.options.poll_wait_seconds_max);
    if (!read) return read.error();
    wish.wait = *read;
  }
  wish.names_rooms = parts.target.find("room") != nullptr;
  const std::string* const cursor = parts.target.find("cursor");
  if (cursor == nullptr || cursor->empty()) return wish;
  const auto point = cursor->find('.');
  wish.since = base::Position::parse(std::string_view(*cursor).substr(0, point));
  if (!wish.since) return fail(Errc::bad_request, "cursor is neither what an answer had nor a position");
  if (point == std::string::npos) return wish;
  wish.session = parts.context.seals.open(Seals::Purpose::poll_session, std::string_view(*cursor).substr(point + 1));
  // Of a node that is gone, or of this one before it started anew.
  wish.is_gone = wish.session && wish.session->incarnation != parts.worker.incarnation() &&
                 !parts.context.peer_sessions.knows(wish.session->incarnation);
  if (wish.is_gone) wish.session.reset();
  return wish;
}

class PollRequest final : public HttpHandler {
 public:
  // What nobody needs any more once the request is held, which may be for long.
  struct Asked {
    PollWish wish;
    base::Address remote;
    std::optional<Subscription> subscription;  // of a client that is new
  };
  PollRequest(WorkerContext& context, std::unique_ptr<Asked> asked, std::string headers, bool takes_gzip)
      : context_(context),
        asked_(std::move(asked)),
        session_(asked_->wish.session),
        since_(asked_->wish.since),
        names_rooms_(asked_->wish.names_rooms),
        takes_gzip_(takes_gzip),
        headers_(std::move(headers)) {}

  HttpReply too_large() const override { return http_reply({413, fail(Errc::too_large, "a poll has no body"), {}}); }
  void complete(HttpReply& reply) const override {
    reply.headers += headers_;
    if (takes_gzip_) gzip_reply(reply);
  }

  std::optional<HttpReply> last_words(const Worker& worker, const workers::Ending& ending) const override {
    if (!since_ || !session_) return std::nullopt;
    std::string cursor = since_->text();
    if (is_abroad(worker)) {
      // It stays the same client.
      cursor += '.' + context_.seals.seal(Seals::Purpose::poll_session, *session_, {});
    } else if (!names_rooms_) {
      return std::nullopt;
    }
    return PollSession::elsewhere_reply(cursor, ending.returns_after);
  }

  void on_request(Worker& worker, const ExchangeId& id, std::string) override {
    const std::unique_ptr<Asked> asked = std::move(asked_);
    const PollSession::Ask ask{id, asked->wish.since, asked->wish.wait, asked->wish.names_rooms};
    if (!session_) return open(worker, *asked, ask);
    if (!is_abroad(worker)) return poll_rooms(context_, worker, *session_, ask);
    worker.metrics().roaming.requests.add();
    context_.peer_sessions.poll_rooms(*session_, ask);
  }

  void on_gone(Worker& worker, const ExchangeId& id) override {
    if (!session_) return;
    if (is_abroad(worker)) return context_.peer_sessions.end_request(*session_, id);
    end_request(worker, *session_, id);
  }

 private:
  void open(Worker& worker, Asked& asked, const PollSession::Ask& ask) {
    session_ = PollSession::open(worker, context_, asked.remote, *std::move(asked.subscription), ask);
    if (!session_) HttpWire::answer(worker, ask.id, unavailable_reply("there are as many connections as may be"));
  }

  // It lives on another node.
  bool is_abroad(const Worker& worker) const { return session_->incarnation != worker.incarnation(); }

  WorkerContext& context_;
  std::unique_ptr<Asked> asked_;               // until the request is whole
  std::optional<base::ConnectionId> session_;  // that it named, or that it opened
  const std::optional<base::Position> since_;
  const bool names_rooms_;
  const bool takes_gzip_;
  std::string headers_;
};

}  // namespace

Routed route_poll(const RouteParts& parts) {
  std::string headers;
  if (auto reply = not_for_it(parts, "GET", headers)) return std::move(*reply);
  const auto wish = read_poll(parts);
  if (!wish) return error_reply(wish.error(), headers);
  if (wish->is_gone && !wish->names_rooms) {
    HttpReply reply = PollSession::gone_reply(wish->since, wish->names_rooms);
    reply.headers += headers;
    return reply;
  }
  auto asked = std::make_unique<PollRequest::Asked>();
  if (!wish->session) {
    auto subscribed = subscribe(parts, workers::Protocol::poll, wish->since, headers);
    if (auto* const instead = std::get_if<Routed>(&subscribed)) return std::move(*instead);
    asked->subscription = std::get<Subscription>(std::move(subscribed));
  }
  asked->wish = *wish;
  // As on other wires.
  if (asked->subscription && !wish->since) asked->wish.since = asked->subscription->announcement.since;
  asked->remote = parts.worker.remote_address(parts.connection);
  return std::make_unique<PollRequest>(parts.context, std::move(asked), std::move(headers),
                                       parts.head.has_token("Accept-Encoding", "gzip"));
}

// --- POST /publish ---

namespace {

class PublishRequest final : public HttpHandler {
 public:
  PublishRequest(WorkerContext& context, std::shared_ptr<workers::Message> message, std::string headers)
      : context_(context), message_(std::move(message)), headers_(std::move(headers)) {}

  HttpReply too_large() const override {
    return http_reply({413, fail(Errc::too_large, "the body is over message-bytes-max"), {}});
  }
  void complete(HttpReply& reply) const override { reply.headers += headers_; }

  void on_request(Worker& worker, const ExchangeId& id, std::string body) override {
    Connection* const connection = worker.find_open(id.slot, id.generation);
    if (connection == nullptr) return;
    if (!worker.count_received(*connection, body.size())) {
      return refuse(worker, id, fail(Errc::too_many, "messages come faster than they may"));
    }
    message_->data = std::move(body);
    if (message_->kind == workers::DataKind::json && !base::is_json(message_->data)) {
      return refuse(worker, id, fail(Errc::bad_request, "the body is not one JSON value, as its Content-Type says"));
    }
    if (message_->kind != workers::DataKind::binary && !is_utf8(message_->data)) {
      return refuse(worker, id,
                    fail(Errc::bad_request, "the body is not UTF-8; application/octet-stream is any bytes"));
    }
    switch (context_.options.client_messages) {
      case ClientMessages::backend:
        return hand_to_backend(worker, *connection, id);
      case ClientMessages::relay:
        return relay(worker, id);
      case ClientMessages::echo:
        return accept(worker, id, "{}\n");
      case ClientMessages::drop:
        worker.drop_received(workers::DropReason::policy);
        return refuse(worker, id, fail(Errc::forbidden, "clients' messages are not taken here"));
    }
  }

 private:
  static void accept(Worker& worker, const ExchangeId& id, std::string body) {
    HttpWire::answer(worker, id, {202, "application/json", std::move(body)});
  }
  static void refuse(Worker& worker, const ExchangeId& id, base::Error error) {
    HttpWire::answer(worker, id, error_reply(std::move(error), {}));
  }
  void relay(Worker& worker, const ExchangeId& id) {
    const auto take = [id](Worker& here, const base::Result<workers::Receipt>& receipt) { answer(here, id, receipt); };
    if (const auto receipt = worker.publish(message_, take)) take(worker, *receipt);
  }
  static void answer(Worker& worker, const ExchangeId& id, const base::Result<workers::Receipt>& receipt) {
    if (receipt) return accept(worker, id, "{\"position\":\"" + receipt->position.text() + "\"}\n");
    note_loss(worker, receipt.error());
    HttpWire::answer(worker, id, scattered_unavailable_reply(receipt.error().detail, id.slot));
  }
  void hand_to_backend(Worker& worker, Connection& connection, const ExchangeId& id) {
    const auto offer = worker.tell_message(connection, message_);
    // Nothing more of this connection is expected, so that nobody need be kept for it.
    worker.forget_verdict(worker.id_of(connection));
    if (offer == workers::Backend::Offer::taken) return accept(worker, id, "{}\n");
    const bool is_full = offer == workers::Backend::Offer::full;
    if (!is_full) worker.drop_received(workers::DropReason::no_backend);
    HttpWire::answer(worker, id, unavailable_reply(is_full ? "backends are behind" : "no backend is there for it"));
  }

  WorkerContext& context_;
  std::shared_ptr<workers::Message> message_;
  std::string headers_;
};

workers::DataKind kind_of(std::string_view content_type) {
  const std::string_view type = trim(content_type.substr(0, content_type.find(';')));
  if (equals_ignoring_case(type, "application/json")) return workers::DataKind::json;
  return equals_ignoring_case(type, "application/octet-stream") ? workers::DataKind::binary : workers::DataKind::text;
}

// What the query says of the message; the body is its data.
base::Result<std::shared_ptr<workers::Message>> read_message(const RouteParts& parts, const Admission& admission) {
  auto rooms = read_room_names(parts.target, parts.context.options, 1);
  if (!rooms)
    return fail(Errc::bad_request, "one room may be published to, whose name is not empty, UTF-8 and at most " +
                                       std::to_string(parts.context.options.room_name_bytes_max) + " bytes");
  auto message = std::make_shared<workers::Message>();
  message->kind = kind_of(parts.head.find("Content-Type"));
  const std::string room = rooms->empty() ? std::string(default_room) : rooms->front().name;
  const auto* const credentials = admission.credentials.get();
  if (credentials != nullptr && credentials->publish) {
    if (!may_speak_to(credentials, room)) return fail(Errc::forbidden, "the token does not let its owner speak there");
  } else if (const auto status = check_room(room, rules_of(parts.context, parts.worker, admission).rooms()); !status) {
    return status.error();
  }
  message->target.rooms.push_back(RoomKey::room(room));
  if (const std::string* const event = parts.target.find("event")) {
    const bool is_fit = !event->empty() && event->size() <= workers::event_bytes_max && is_utf8(*event) &&
                        !base::has_control_character(*event);
    if (!is_fit) return fail(Errc::bad_request, "event is not a name of 1 to 255 bytes without control characters");
    if (workers::is_reserved_event(*event))
      return fail(Errc::bad_request, "event is a name that is reserved: " + *event);
    message->event = *event;
  }
  const std::string* const name = parts.target.find("namespace");
  const auto name_space = parts.context.namespaces.resolve(name != nullptr ? *name : "/");
  if (!name_space) return name_space.error();
  message->target.name_space = *name_space;
  return message;
}

}  // namespace

Routed route_publish(const RouteParts& parts) {
  std::string headers;
  if (auto reply = not_for_it(parts, "POST", headers)) return std::move(*reply);
  auto admitted = admit(parts, workers::Protocol::http);
  if (auto* const instead = std::get_if<Routed>(&admitted)) return with_headers(std::move(*instead), headers);
  auto message = read_message(parts, std::get<Admission>(admitted));
  if (!message) return error_reply(message.error(), headers);
  return std::make_unique<PublishRequest>(parts.context, *std::move(message), std::move(headers));
}

}  // namespace sluice::gateway
