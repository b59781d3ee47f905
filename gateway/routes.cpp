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
using workers::Connection;
using workers::Worker;

// Makes the connection a WebSocket: the answer, what an enveloped client is told first, what it missed.
Routed become_websocket(Worker& worker, Connection& connection, WorkerContext& context, const HttpHead& head,
                        const RequestTarget& target) {
  auto shaken = shake_hands(head, target, context.options, context.namespaces, context.seals,
                            worker.options().rooms_per_connection_max);
  if (const auto* const error = std::get_if<HttpError>(&shaken)) return http_reply(*error);
  auto& handshake = std::get<WebSocketHandshake>(shaken);
  worker.send(connection, handshake.answer);
  worker.become(connection, std::make_unique<WebSocketWire>(context, handshake.subscription.announcement.format,
                                                            handshake.deflate));
  begin_subscription(worker, connection, std::move(handshake.subscription));
  return Became{};
}

// `path` ends with a slash, which a client may leave out.
bool is_at(std::string_view asked, std::string_view path) {
  return asked == path || asked == path.substr(0, path.size() - 1);
}

}  // namespace

Routed route(Worker& worker, Connection& connection, WorkerContext& context, const HttpHead& head,
             const RequestTarget& target) {
  if (target.path == "/" || target.path == "/ws") return become_websocket(worker, connection, context, head, target);
  if (is_at(target.path, context.options.socket_io_path)) {
    return route_engine_io(worker, connection, context, head, target, EngineKind::socket_io);
  }
  if (is_at(target.path, context.options.engine_io_path)) {
    return route_engine_io(worker, connection, context, head, target, EngineKind::messages);
  }
  return http_reply(
      http_error(fail(Errc::not_found,
                      "there is nothing at this path; WebSocket is at / and /ws, "
                      "Socket.IO at " +
                          context.options.socket_io_path + ", Engine.IO at " + context.options.engine_io_path)));
}

}  // namespace sluice::gateway
