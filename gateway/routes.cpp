#include "gateway/routes.hpp"

#include <string_view>
#include <utility>

#include "gateway/command_wire.hpp"
#include "gateway/engine_requests.hpp"
#include "gateway/entrance.hpp"
#include "gateway/http_answer.hpp"
#include "gateway/http_head.hpp"
#include "gateway/http_rooms.hpp"
#include "gateway/request_target.hpp"
#include "gateway/websocket_handshake.hpp"
#include "gateway/websocket_wire.hpp"
#include "gateway/worker_context.hpp"

namespace sluice::gateway {
namespace {

using base::Errc;
using base::fail;

// Makes the connection a WebSocket: the answer, what an enveloped client is told first, what it missed.
Routed become_websocket(const RouteParts& parts) {
  if (const auto misfit = websocket_misfit(parts.head, parts.context.options)) return http_reply(*misfit);
  auto admitted = admit(parts, workers::Protocol::websocket);
  if (auto* const instead = std::get_if<Routed>(&admitted)) return std::move(*instead);
  auto& admission = std::get<Admission>(admitted);
  if (const auto status = count_once(parts, admission); !status) return http_reply(http_error(status.error()));
  auto shaken = shake_hands(parts.head, parts.target, rules_of(parts.context, parts.worker, admission));
  if (const auto* const error = std::get_if<HttpError>(&shaken)) return http_reply(*error);
  auto& handshake = std::get<WebSocketHandshake>(shaken);
  if (auto needs = needs_rooms(parts, admission, handshake.subscription.announcement)) return *std::move(needs);
  parts.worker.send(parts.connection, handshake.answer);
  const workers::WireFormat format = handshake.subscription.announcement.format;
  if (handshake.says_commands) {
    parts.worker.become(parts.connection, std::make_unique<CommandWire>(parts.context, format, handshake.deflate,
                                                                        std::move(admission.rooms)));
  } else {
    parts.worker.become(parts.connection, std::make_unique<WebSocketWire>(parts.context, format, handshake.deflate));
  }
  begin_subscription(parts.worker, parts.connection, std::move(handshake.subscription));
  return Became{};
}

// `path` ends with a slash, which a client may leave out.
bool is_at(std::string_view asked, std::string_view path) {
  return asked == path || asked == path.substr(0, path.size() - 1);
}

}  // namespace

std::variant<Admission, Routed> admit(const RouteParts& parts, workers::Protocol protocol) {
  if (parts.admission != nullptr) return *parts.admission;
  auto admission = admit_by_token(parts.context, parts.worker, parts.connection,
                                  parts.context.authenticator.token_of(parts.head, parts.target));
  if (!admission)
    return Routed(turned_away_reply(admission.error(), parts.connection.slot() + parts.connection.generation()));
  if (parts.context.options.connect_verdict == ConnectVerdict::none) return *std::move(admission);
  const std::string* const given = parts.target.find("namespace");
  std::string name = given != nullptr ? *given : "/";
  if (!parts.context.namespaces.allows(name)) {
    return Routed(http_reply(http_error(fail(Errc::not_found, "there is no such namespace"))));
  }
  auto details = read_details(parts.head, parts.target, parts.context.options);
  std::string user = admission->user;
  return Routed(
      NeedsVerdict{{protocol, std::move(name), std::move(user), std::move(details), false}, *std::move(admission)});
}

base::Status count_once(const RouteParts& parts, Admission& admission) {
  return parts.are_prepared ? base::ok() : count_user(parts.context, admission);
}

std::optional<NeedsRooms> needs_rooms(const RouteParts& parts, const Admission& admission,
                                      const workers::Announcement& announcement) {
  const workers::Announcement& wish = announcement;
  if (parts.are_prepared || parts.worker.is_covered(wish.name_space, wish.rooms, wish.since)) return std::nullopt;
  return NeedsRooms{wish.name_space, wish.rooms, wish.since, admission};
}

Routed route(const RouteParts& parts) {
  const std::string& path = parts.target.path;
  const Options& options = parts.context.options;
  if (path == "/" || path == "/ws") return become_websocket(parts);
  if (path == "/sse") return route_sse(parts);
  if (path == "/poll") return route_poll(parts);
  if (path == "/publish") return route_publish(parts);
  if (is_at(path, options.socket_io_path)) return route_engine_io(parts, EngineKind::socket_io);
  if (is_at(path, options.engine_io_path)) return route_engine_io(parts, EngineKind::messages);
  return http_reply(
      http_error(fail(Errc::not_found, "there is nothing at this path; WebSocket is at / and /ws, Socket.IO at " +
                                           options.socket_io_path + ", Engine.IO at " + options.engine_io_path +
                                           ", plain HTTP at /sse, /poll and /publish")));
}

}  // namespace sluice::gateway
