#pragma once
// Which names calls may use. Protobuf has checked already that every text is UTF-8.

#include <array>
#include <cstddef>
#include <string_view>

namespace sluice::control {

inline constexpr std::size_t event_bytes_max = 255;
inline constexpr std::size_t conflation_key_bytes_max = 255;
inline constexpr std::size_t idempotency_key_bytes_max = 128;
inline constexpr std::size_t close_reason_bytes_max = 123;  // RFC 6455, 5.5
inline constexpr std::size_t target_names_max = 1000;
inline constexpr std::size_t changed_rooms_max = 100;
inline constexpr std::size_t page_size_default = 100;
inline constexpr std::size_t stream_window = 256;

// Events that a wire needs for itself: Socket.IO's names, then SSE's.
inline constexpr std::array<std::string_view, 9> reserved_events{
    "connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener", "open", "error", "gap"};

}  // namespace sluice::control
