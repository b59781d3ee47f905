#pragma once
// Engine.IO protocol 4: its constants and its packets, as text. Pure. A packet is a type and data; a message is one
// that carries the application's. By polling, packets are joined into a payload; over WebSocket each is a message of
// its own.

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "gateway/http_exchange.hpp"

namespace sluice::gateway::engine_io {

// "Protocol": the revision that is spoken here.
inline constexpr std::string_view revision = "4";

// "Packet types": each is the digit in front of the data.
enum class PacketType : std::uint8_t { open, close, ping, pong, message, upgrade, noop };
inline constexpr char digit_of(PacketType type) { return static_cast<char>('0' + static_cast<int>(type)); }
// "Packet encoding", "HTTP long-polling": what stands between packets, and in front of base64.
inline constexpr char separator = '\x1e';
inline constexpr char binary_mark = 'b';
// "Upgrade": what the two packets that try a WebSocket say.
inline constexpr std::string_view probe = "probe";

// Why a request is refused; the reference server's codes and words, which its clients know.
enum class Refusal : std::uint8_t {
  unknown_transport,
  unknown_session,
  bad_handshake_method,
  bad_request,
  forbidden,
  unsupported_protocol_version,
};
// {"code":N,"message":"..."} with the status that belongs to it.
HttpReply reply_of(Refusal refusal);

struct Packet {
  PacketType type = PacketType::message;
  bool is_binary = false;  // a message of bytes; they have no type in front
  std::string_view data;
};

// Takes one packet apart: one of a payload, or a text message of a WebSocket. The data of a binary one, which came as
// base64, is put into `decoded`; else it is a part of `text`. Errc::bad_request says what is wrong.
base::Result<Packet> parse_packet(std::string_view text, std::string& decoded);

// Appends a packet as a frame of a WebSocket server.
void append_packet(std::string& frames, PacketType type, std::string_view data = {});

// Takes the first packet's text off a payload, which must not be empty.
std::string_view take_packet(std::string_view& payload);

// Appends whole WebSocket frames of a server to a payload, a packet each: a text frame's payload as it is, a binary
// one's as base64. Control frames have no place there and are left out. A close packet stands alone: the client library
// forgets to count in its offset what came with one, and would get it twice when it comes back. Returns how many of
// `frames`' bytes were taken: whole frames up to there, or all of them.
std::size_t append_polled(std::string& payload, std::string_view frames);

struct Handshake {
  std::string_view sid;
  bool may_upgrade = false;
  std::chrono::milliseconds ping_interval{0}, ping_timeout{0};
  std::size_t payload_bytes_max = 0;
};
// The first packet of a session.
std::string open_packet(const Handshake& handshake);

}  // namespace sluice::gateway::engine_io
