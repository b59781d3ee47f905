#pragma once
// The protocols that a connection can speak, as metrics and calls name them.

#include <array>
#include <cstdint>
#include <string_view>

namespace sluice::workers {

// `http` is a connection whose request is not yet complete.
enum class Protocol : std::uint8_t { http, websocket };
inline constexpr std::array<std::string_view, 2> protocol_names{"http", "websocket"};

inline std::string_view name_of(Protocol protocol) { return protocol_names[static_cast<std::size_t>(protocol)]; }

}  // namespace sluice::workers
