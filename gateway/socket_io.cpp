#include "gateway/socket_io.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/json_scanner.hpp"
#include "base/json_text.hpp"
#include "gateway/engine_io.hpp"
#include "gateway/rfc6455.hpp"

namespace sluice::gateway::socket_io {
namespace {

using base::Errc;
using base::fail;
using workers::DataKind;

constexpr std::size_t namespace_bytes_max = 128;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Takes a decimal number off the front; nothing if there is none, or too large a one.
template <class Number>
std::optional<Number> take_number(std::string_view& text) {
  Number number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || text.empty() || !is_digit(text.front())) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

std::string head(PacketType type, std::string_view name_space, std::size_t attachments = 0) {
  std::string text(1, static_cast<char>('0' + static_cast<int>(type)));
  if (attachments > 0) text.append(std::to_string(attachments)).append("-");
  if (name_space != main_namespace) text.append(name_space).append(",");
  return text;
}

base::Status check_payload(const Packet& packet) {
  const std::string_view payload = packet.payload;
  switch (packet.type) {
    case PacketType::connect:
      if (payload.empty() || base::json_members(payload)) return base::ok();
      return fail(Errc::bad_request, "the payload of a CONNECT is not a JSON object");
    case PacketType::disconnect:
      if (payload.empty()) return base::ok();
      return fail(Errc::bad_request, "a DISCONNECT has a payload");
    case PacketType::event:
    case PacketType::binary_event:
    case PacketType::ack:
    case PacketType::binary_ack:
      if (base::json_elements(payload)) return base::ok();
      return fail(Errc::bad_request, "the payload of an event or acknowledgement is not a JSON array");
    case PacketType::connect_error:
      return fail(Errc::bad_request, "a CONNECT_ERROR came from a client");
  }
  return base::ok();
}

// Each placeholder is to name an attachment that comes.
base::Status check_placeholders(const Packet& packet) {
  for (const base::JsonPlaceholder& one : base::json_placeholders(packet.payload)) {
    if (one.number && *one.number < packet.attachments) continue;
    // Without attachments it is an object like any other.
    if (packet.attachments == 0) return base::ok();
    return fail(Errc::bad_request, "a placeholder names no attachment of its packet");
  }
  return base::ok();
}

// The arguments of a message as they stand in an event's array, and its attachments.
struct Written {
  std::string arguments;  // each behind a comma
  std::vector<std::string_view> attachments;
};

Written write_arguments(const workers::Message& message) {
  Written written;
  switch (message.kind) {
    case DataKind::text:
      written.arguments += ',';
      base::append_json_string(written.arguments, message.data);
      return written;
    case DataKind::binary:
      written.arguments = R"(,{"_placeholder":true,"num":0})";
      written.attachments.push_back(message.data);
      return written;
    case DataKind::json:
      written.arguments.append(",").append(message.data);
      break;
    case DataKind::arguments:
      if (message.data.size() > 2) {
        written.arguments.append(",").append(message.data, 1, message.data.size() - 2);
      }
      break;
  }
  written.attachments.assign(message.attachments.begin(), message.attachments.end());
  return written;
}

void append_packet(std::string& out, std::string_view text, const Written& written) {
  engine_io::append_packet(out, engine_io::PacketType::message, text);
  for (const std::string_view attachment : written.attachments) {
    rfc6455::append_frame(out, rfc6455::Opcode::binary, attachment);
  }
}

}  // namespace

bool is_reserved(std::string_view event) {
  static constexpr std::array<std::string_view, 6> names{"connect",       "connect_error", "disconnect",
                                                         "disconnecting", "newListener",   "removeListener"};
  return std::find(names.begin(), names.end(), event) != names.end();
}

base::Result<Packet> parse_packet(std::string_view text) {
  if (text.empty() || text.front() < '0' || text.front() > '6') {
    return fail(Errc::bad_request, "a Socket.IO packet does not begin with a type from 0 to 6");
  }
  Packet packet;
  packet.type = static_cast<PacketType>(text.front() - '0');
  text.remove_prefix(1);
  if (packet.type == PacketType::binary_event || packet.type == PacketType::binary_ack) {
    const auto count = take_number<std::uint32_t>(text);
    if (!count || !text.starts_with('-')) {
      return fail(Errc::bad_request, "a binary Socket.IO packet does not say how many attachments follow");
    }
    if (*count > attachments_max) return fail(Errc::bad_request, "a Socket.IO packet has more than 10 attachments");
    packet.attachments = *count;
    text.remove_prefix(1);
  }
  if (text.starts_with('/')) {
    // It ends at the first comma, or with the text; what a client of old appends as a query is no part of it.
    const std::size_t comma = text.find(',');
    packet.name_space = text.substr(0, comma);
    packet.name_space = packet.name_space.substr(0, packet.name_space.find('?'));
    if (packet.name_space.size() > namespace_bytes_max) {
      return fail(Errc::bad_request, "the name of a namespace is longer than 128 bytes");
    }
    text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
  }
  if (!text.empty() && is_digit(text.front())) {
    packet.ack_id = take_number<std::uint64_t>(text);
    if (!packet.ack_id) return fail(Errc::bad_request, "the id of an acknowledgement is too large");
  }
  packet.payload = text;
  if (const auto status = check_payload(packet); !status) return status.error();
  if (const auto status = check_placeholders(packet); !status) return status.error();
  return packet;
}

base::Result<Event> parse_event(const Packet& packet) {
  const auto elements = base::json_elements(packet.payload);
  if (!elements || elements->empty()) return fail(Errc::bad_request, "an event has no name");
  Event event;
  const std::string_view name = elements->front();
  // A number is a name, too, as the reference has it.
  if (name.front() == '"') {
    event.name = base::json_string(name);
  } else if (name.front() == '-' || is_digit(name.front())) {
    event.name = name;
  } else {
    return fail(Errc::bad_request, "the name of an event is not a string");
  }
  if (is_reserved(event.name)) return fail(Errc::bad_request, "the name of an event is reserved: " + event.name);
  event.arguments.assign(elements->begin() + 1, elements->end());
  return event;
}

ConnectRequest parse_connect(const Packet& packet) {
  ConnectRequest request;
  if (packet.payload.empty()) return request;
  const auto members = base::json_members(packet.payload);
  for (const base::JsonMember& member : *members) {
    if (member.value.front() != '"') continue;
    if (member.name == "\"pid\"") request.pid = base::json_string(member.value);
    if (member.name == "\"offset\"") request.offset = base::json_string(member.value);
  }
  return request;
}

std::optional<std::string> token_of(std::string_view payload) {
  if (payload.empty()) return std::nullopt;
  const auto members = base::json_members(payload);
  for (const base::JsonMember& member : *members) {
    if (member.name != "\"token\"" || member.value == "null") continue;
    return member.value.front() == '"' ? base::json_string(member.value) : std::string();
  }
  return std::nullopt;
}

std::string connect_text(std::string_view name_space, std::string_view sid, std::string_view pid) {
  std::string text = head(PacketType::connect, name_space);
  text += "{\"sid\":";
  base::append_json_string(text, sid);
  if (!pid.empty()) {
    text += ",\"pid\":";
    base::append_json_string(text, pid);
  }
  return text + '}';
}

std::string connect_error_text(std::string_view name_space, std::string_view message, std::string_view data) {
  std::string text = head(PacketType::connect_error, name_space) + "{\"message\":";
  base::append_json_string(text, message);
  if (!data.empty()) text.append(",\"data\":").append(data);
  return text + '}';
}

std::string disconnect_text(std::string_view name_space) { return head(PacketType::disconnect, name_space); }

std::string ack_text(std::string_view name_space, std::uint64_t id, std::string_view arguments) {
  return head(PacketType::ack, name_space).append(std::to_string(id)).append(arguments);
}

void fill_message(const Event& event, std::vector<std::string> attachments, workers::Message& message) {
  message.event = event.name;
  if (event.arguments.size() != 1) {
    message.kind = DataKind::arguments;
    message.data = "[";
    for (const std::string_view argument : event.arguments) {
      if (message.data.size() > 1) message.data += ',';
      message.data += argument;
    }
    message.data += ']';
    message.attachments = std::move(attachments);
    return;
  }
  const std::string_view argument = event.arguments.front();
  if (argument.front() == '"') {
    message.kind = DataKind::text;
    message.data = base::json_string(argument);
    return;
  }
  const auto placeholders = base::json_placeholders(argument);
  if (attachments.size() == 1 && placeholders.size() == 1 && placeholders[0].begin == 0 &&
      placeholders[0].end == argument.size()) {
    message.kind = DataKind::binary;
    message.data = std::move(attachments[0]);
    return;
  }
  message.kind = DataKind::json;
  message.data = argument;
  message.attachments = std::move(attachments);
}

void append_ack(std::string& out, std::string_view name_space, std::uint64_t id, const workers::Message& message) {
  const Written written = write_arguments(message);
  const bool is_binary = !written.attachments.empty();
  std::string text = head(is_binary ? PacketType::binary_ack : PacketType::ack, name_space, written.attachments.size());
  text.append(std::to_string(id)).append("[");
  // The first argument has a comma in front.
  if (!written.arguments.empty()) text.append(written.arguments, 1);
  append_packet(out, text + ']', written);
}

void append_event(std::string& out, std::string_view name_space, std::optional<std::uint64_t> ack_id,
                  const workers::Message& message, std::string_view offset) {
  const Written written = write_arguments(message);
  const bool is_binary = !written.attachments.empty();
  std::string text =
      head(is_binary ? PacketType::binary_event : PacketType::event, name_space, written.attachments.size());
  if (ack_id) text += std::to_string(*ack_id);
  text += '[';
  base::append_json_string(text, message.event);
  text += written.arguments;
  if (!offset.empty()) {
    text += ',';
    base::append_json_string(text, offset);
  }
  text += ']';
  append_packet(out, text, written);
}

}  // namespace sluice::gateway::socket_io
