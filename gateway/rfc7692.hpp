#pragma once
// RFC 7692, Compression Extensions for WebSocket: the standard's constants, and what a client and the gateway agree on.

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace sluice::gateway {

// Whether messages are deflated, and what is remembered from one to the next.
enum class Compression : std::uint8_t {
  off,
  // Each message stands alone, so one deflated frame serves all receivers and a connection costs no memory.
  shared,
  // Unless the client declines, each direction refers back to earlier messages: smaller, at some 50 KB a connection.
  per_connection,
};
inline constexpr std::array<std::string_view, 3> compression_names{"off", "shared", "per-connection"};

namespace rfc7692 {

inline constexpr std::string_view extension = "permessage-deflate";                           // 7
inline constexpr std::string_view server_no_context_takeover = "server_no_context_takeover";  // 7.1.1.1
inline constexpr std::string_view client_no_context_takeover = "client_no_context_takeover";  // 7.1.1.2
inline constexpr std::string_view server_max_window_bits = "server_max_window_bits";          // 7.1.2.1
inline constexpr std::string_view client_max_window_bits = "client_max_window_bits";          // 7.1.2.2
inline constexpr int window_bits_min = 8, window_bits_max = 15;                               // 7.1.2

// What a sender takes off the end of each deflated message, and a receiver puts back. 7.2.1
inline constexpr std::string_view flush_tail{"\x00\x00\xff\xff", 4};

}  // namespace rfc7692

// The windows that messages are deflated in. 12 bits serve every client that takes 12 or more: measured with JSON of
// 2 to 64 KB, 15 bits make messages 0 to 3 % smaller, but need four times the memory and so more cache. 9 bits are the
// least that zlib does without a header (madler/zlib issue 171); an offer that insists on 8 is declined.
inline constexpr int wide_window_bits = 12;
inline constexpr int narrow_window_bits = 9;

// What holds for one connection.
struct DeflateTerms {
  int server_window_bits = wide_window_bits;          // our deflater's; under `shared` wide or narrow
  int client_window_bits = rfc7692::window_bits_max;  // what our inflater must be able to look back
  bool keeps_server_context = false;                  // our messages may refer to earlier ones of ours
  bool keeps_client_context = false;                  // the client's to the client's
  bool operator==(const DeflateTerms&) const = default;
};

struct DeflateAgreement {
  DeflateTerms terms;
  std::string answer;  // the answer's Sec-WebSocket-Extensions
};

// Reads all Sec-WebSocket-Extensions headers of a handshake, in order, and takes the first offer of permessage-deflate
// that `policy` can keep; nothing if there is none. Extensions that are unknown are passed over, as is an offer with a
// parameter that is unknown, given twice or out of range (7.1). Names are compared exactly, as browsers do. A header
// that is no extension list (RFC 6455, 9.1) is Errc::bad_request, whatever the policy. O(bytes).
base::Result<std::optional<DeflateAgreement>> agree_on_deflate(std::span<const std::string_view> headers,
                                                               Compression policy);

// How long the deflated form of a message of `message_bytes_max` may be: deflating what does not compress, or flushing
// often, makes it longer. A longer one need not be read to know that it is too large.
constexpr std::size_t deflated_bytes_max(std::size_t message_bytes_max) {
  return message_bytes_max + message_bytes_max / 2 + 1024;
}

}  // namespace sluice::gateway
