#pragma once
// Names that the events of messages may have.

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

namespace sluice::workers {

inline constexpr std::size_t event_bytes_max = 255;

// Those that a wire needs for itself: Socket.IO's names, then SSE's.
inline constexpr std::array<std::string_view, 9> reserved_events{
    "connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener", "open", "error", "gap"};

inline bool is_reserved_event(std::string_view name) {
  return std::ranges::find(reserved_events, name) != reserved_events.end();
}

}  // namespace sluice::workers
