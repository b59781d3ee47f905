#pragma once
// The protocols that a connection can speak, as metrics and calls name them.

#include <array>
#include <cstdint>
#include <string_view>

namespace sluice::workers {

// `http` is a connection that makes requests; which a session's are, its session counts for itself.
enum class Protocol : std::uint8_t { http, websocket, engine_io, socket_io, sse, poll, tcp, udp };
inline constexpr std::array<std::string_view, 8> protocol_names{"http", "websocket", "engineio", "socketio",
                                                                "sse",  "poll",      "tcp",      "udp"};

inline std::string_view name_of(Protocol protocol) { return protocol_names[static_cast<std::size_t>(protocol)]; }

}  // namespace sluice::workers
