#pragma once
// RFC 6455, The WebSocket Protocol: its constants, and frames as they are written.

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::gateway::rfc6455 {

// 5.2
enum class Opcode : std::uint8_t { continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };
inline constexpr std::uint8_t fin_bit = 0x80, rsv1_bit = 0x40, rsv_bits = 0x70, opcode_bits = 0x0F;
inline constexpr std::uint8_t mask_bit = 0x80, length_bits = 0x7F;
inline constexpr std::uint8_t length_16 = 126, length_64 = 127;  // the length follows in so many bits
inline constexpr std::size_t mask_bytes = 4;
inline constexpr std::size_t frame_head_bytes_max = 14;
// 5.5
inline constexpr std::size_t control_payload_bytes_max = 125;
// 5.5.1: two of them are the code.
inline constexpr std::size_t close_reason_bytes_max = control_payload_bytes_max - 2;
// 4.4
inline constexpr std::string_view version = "13";

// 7.4.1
namespace close_code {
inline constexpr std::uint16_t normal = 1000, going_away = 1001, protocol_error = 1002, unsupported = 1003, none = 1005,
                               abnormal = 1006, bad_data = 1007, policy = 1008, too_large = 1009, internal_error = 1011,
                               try_again_later = 1013;
}  // namespace close_code

// Whether a peer may send `code` in a close frame (7.4; 1012-1014 are IANA's later registrations).
bool is_close_code(std::uint16_t code);

// Gives Sec-WebSocket-Accept for a client's Sec-WebSocket-Key (4.2.2, 5.4); empty if !can_accept().
std::string accept_value(std::string_view key);
// Whether OpenSSL's SHA-1 gives the RFC's own example (1.3); a machine's policy may forbid it. The first call of a
// process is slow (2 ms, 2 MB of the library's pages), so it is made before clients come.
bool can_accept();
// Whether `key` is 16 bytes in base64 (4.1).
bool is_key(std::string_view key);

// Appends the head of an unmasked frame, which a server sends (5.1).
void append_head(std::string& out, Opcode opcode, std::size_t payload_bytes, bool rsv1 = false);
inline void append_frame(std::string& out, Opcode opcode, std::string_view payload) {
  append_head(out, opcode, payload.size());
  out += payload;
}
// Appends a close frame; `none` makes an empty one. A reason that is too long is cut between two characters.
void append_close(std::string& out, std::uint16_t code, std::string_view reason);

}  // namespace sluice::gateway::rfc6455
