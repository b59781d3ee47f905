#pragma once
// What an Engine.IO client asks for by a request: a session, to poll it, to send to it, to move it to a WebSocket. A
// request whose session lives on another worker is carried there, and its answer back; a WebSocket goes there itself.

#include "gateway/routes.hpp"

namespace sluice::gateway {

// What the sessions of a path carry.
enum class EngineKind : std::uint8_t { messages, socket_io };

Routed route_engine_io(const RouteParts& parts, EngineKind kind);

}  // namespace sluice::gateway
