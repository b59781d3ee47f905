#pragma once
// Which names calls may use. Protobuf has checked already that every text is UTF-8.

#include <cstddef>

namespace sluice::control {

inline constexpr std::size_t conflation_key_bytes_max = 255;
inline constexpr std::size_t idempotency_key_bytes_max = 128;
inline constexpr std::size_t close_reason_bytes_max = 123;  // RFC 6455, 5.5
inline constexpr std::size_t target_names_max = 1000;
inline constexpr std::size_t changed_rooms_max = 100;
inline constexpr std::size_t page_size_default = 100;
inline constexpr std::size_t stream_window = 256;

}  // namespace sluice::control
