#pragma once
// Socket.IO protocol 5: its constants and its packets, as text. Pure. JSON is checked here and passed on as it came.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "workers/message.hpp"

namespace sluice::gateway::socket_io {

// "Packet types": each is a digit.
enum class PacketType : std::uint8_t { connect, disconnect, event, ack, connect_error, binary_event, binary_ack };
inline constexpr std::string_view main_namespace = "/";
// More would be refused by the clients' own parser (socket.io-parser 4.2.6).
inline constexpr std::uint32_t attachments_max = 10;
// What a client without its namespace is told, in the reference server's words.
inline constexpr std::string_view invalid_namespace = "Invalid namespace";
// Events that the client library emits itself, so that nobody else may send them.
bool is_reserved(std::string_view event);

struct Packet {
  PacketType type = PacketType::event;
  std::string_view name_space = main_namespace;
  std::optional<std::uint64_t> ack_id;
  std::uint32_t attachments = 0;  // that follow as messages of bytes
  std::string_view payload;       // JSON, checked to be what the type needs
};
// Takes the text of one packet of a client apart. Errc::bad_request says what is wrong; the views are into `text`.
base::Result<Packet> parse_packet(std::string_view text);

struct Event {
  std::string name;
  std::vector<std::string_view> arguments;  // JSON
};
// Takes the payload of an event of `attachments` attachments apart.
base::Result<Event> parse_event(const Packet& packet);

struct ConnectRequest {
  std::string pid, offset;  // of a client that comes back; empty: it does not
};
// What the payload of a CONNECT says about coming back.
ConnectRequest parse_connect(const Packet& packet);

// The text `token` of a CONNECT's payload; empty if it is none, nothing if there is no such member.
std::optional<std::string> token_of(std::string_view payload);

// --- what a server sends: texts, without Engine.IO's type in front ---

std::string connect_text(std::string_view name_space, std::string_view sid, std::string_view pid);
// `data` is a JSON value or nothing.
std::string connect_error_text(std::string_view name_space, std::string_view message, std::string_view data = {});
std::string disconnect_text(std::string_view name_space);
// `arguments` is a JSON array.
std::string ack_text(std::string_view name_space, std::uint64_t id, std::string_view arguments);

// --- messages ---

// Puts the event into a message: one argument is its data, in the kind that it has; others are a list.
void fill_message(const Event& event, std::vector<std::string> attachments, workers::Message& message);
// Appends the acknowledgement of `id` likewise; `message` has its arguments.
void append_ack(std::string& out, std::string_view name_space, std::uint64_t id, const workers::Message& message);
// Appends the event as Engine.IO messages in frames of a WebSocket server: one of text, then one for each attachment.
// `offset`, if it is not empty, is the last argument, which clients that can come back remember.
void append_event(std::string& out, std::string_view name_space, std::optional<std::uint64_t> ack_id,
                  const workers::Message& message, std::string_view offset);

}  // namespace sluice::gateway::socket_io
