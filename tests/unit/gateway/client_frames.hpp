#pragma once
// Frames as a client sends them (RFC 6455, 5), right or wrong.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/rfc6455.hpp"

namespace sluice::gateway {

inline constexpr std::array<char, 4> some_mask{'\x37', '\xfa', '\x21', '\x3d'};

// The head of a masked frame: its first byte as given, the length in its shortest form.
inline std::string client_head(int first, std::uint64_t payload_bytes, std::array<char, 4> mask = some_mask) {
  std::string head(1, static_cast<char>(first));
  const int length_bytes = payload_bytes < 126 ? 0 : payload_bytes <= 0xFFFF ? 2 : 8;
  const auto length = length_bytes == 0 ? static_cast<int>(payload_bytes) : length_bytes == 2 ? 126 : 127;
  head += static_cast<char>(0x80 | length);
  for (int shift = 8 * (length_bytes - 1); shift >= 0; shift -= 8) head += static_cast<char>(payload_bytes >> shift);
  return head.append(mask.data(), mask.size());
}

inline std::string masked(std::string_view payload, std::array<char, 4> mask = some_mask) {
  std::string out(payload);
  for (std::size_t at = 0; at < out.size(); ++at) out[at] = static_cast<char>(out[at] ^ mask[at % 4]);
  return out;
}

inline std::string client_frame(int first, std::string_view payload, std::array<char, 4> mask = some_mask) {
  return client_head(first, payload.size(), mask) + masked(payload, mask);
}

// The usual ones, by their first byte: FIN and opcode.
inline std::string text_frame(std::string_view payload) { return client_frame(0x81, payload); }
inline std::string binary_frame(std::string_view payload) { return client_frame(0x82, payload); }
inline std::string close_frame(std::string_view payload) { return client_frame(0x88, payload); }
inline std::string ping_frame(std::string_view payload) { return client_frame(0x89, payload); }
inline std::string pong_frame(std::string_view payload) { return client_frame(0x8A, payload); }
inline std::string first_fragment(std::string_view payload) { return client_frame(0x01, payload); }
inline std::string middle_fragment(std::string_view payload) { return client_frame(0x00, payload); }
inline std::string last_fragment(std::string_view payload) { return client_frame(0x80, payload); }

}  // namespace sluice::gateway
