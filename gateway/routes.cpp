#include "gateway/routes.hpp"

#include <string_view>
#include <utility>

#include "gateway/engine_requests.hpp"
#include "gateway/http_answer.hpp"
#include "gateway/http_head.hpp"
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
  if (auto first = before_admission(parts, workers::Protocol::websocket)) return *std::move(first);
  auto shaken = shake_hands(parts.head, parts.target, parts.rules());
  if (const auto* const error = std::get_if<HttpError>(&shaken)) return http_reply(*error);
  auto& handshake = std::get<WebSocketHandshake>(shaken);
  parts.worker.send(parts.connection, handshake.answer);
  parts.worker.become(
      parts.connection,
      std::make_unique<WebSocketWire>(parts.context, handshake.subscription.announcement.format, handshake.deflate));
  begin_subscription(parts.worker, parts.connection, std::move(handshake.subscription));
  return Became{};
}

// `path` ends with a slash, which a client may leave out.
bool is_at(std::string_view asked, std::string_view path) {
  return asked == path || asked == path.substr(0, path.size() - 1);
}

}  // namespace

SubscriptionRules RouteParts::rules() const {
  static const Admission nobody;
  return {context.options, context.namespaces, context.seals, worker.options().rooms_per_connection_max,
          admission != nullptr ? *admission : nobody};
}

std::optional<Routed> before_admission(const RouteParts& parts, workers::Protocol protocol) {
  if (parts.admission != nullptr || parts.context.options.connect_verdict == ConnectVerdict::none) return std::nullopt;
  const std::string* const given = parts.target.find("namespace");
  std::string name = given != nullptr ? *given : "/";
  if (!parts.context.namespaces.allows(name)) {
    return http_reply(http_error(fail(Errc::not_found, "there is no such namespace")));
  }
  return NeedsVerdict{
      {protocol, std::move(name), read_details(parts.head, parts.target, parts.context.options), false}};
}

Routed route(const RouteParts& parts) {
  const std::string& path = parts.target.path;
  const Options& options = parts.context.options;
  if (path == "/" || path == "/ws") return become_websocket(parts);
  if (is_at(path, options.socket_io_path)) return route_engine_io(parts, EngineKind::socket_io);
  if (is_at(path, options.engine_io_path)) return route_engine_io(parts, EngineKind::messages);
  return http_reply(
      http_error(fail(Errc::not_found, "there is nothing at this path; WebSocket is at / and /ws, Socket.IO at " +
                                           options.socket_io_path + ", Engine.IO at " + options.engine_io_path)));
}

}  // namespace sluice::gateway
