#include "gateway/engine_io.hpp"

#include "base/json_text.hpp"
#include "gateway/base64.hpp"
#include "gateway/rfc6455.hpp"

namespace sluice::gateway::engine_io {
namespace {

using base::Errc;
using base::fail;

struct Row {
  std::uint16_t status;
  std::string_view message;
};
constexpr std::array<Row, 6> refusals{{{400, "Transport unknown"},
                                       {400, "Session ID unknown"},
                                       {400, "Bad handshake method"},
                                       {400, "Bad request"},
                                       {403, "Forbidden"},
                                       {400, "Unsupported protocol version"}}};

struct Frame {
  std::size_t size = 0;  // with its head; 0: it is not whole
  rfc6455::Opcode opcode{};
  std::string_view payload;
};

// Our own frames: whole messages, not masked.
Frame first_frame(std::string_view bytes) {
  if (bytes.size() < 2) return {};
  const auto at = [bytes](std::size_t index) { return static_cast<std::uint8_t>(bytes[index]); };
  const std::uint8_t short_length = at(1) & rfc6455::length_bits;
  std::size_t head = 2;
  std::uint64_t length = short_length;
  if (short_length == rfc6455::length_16 || short_length == rfc6455::length_64) {
    head += short_length == rfc6455::length_16 ? 2 : 8;
    if (bytes.size() < head) return {};
    length = 0;
    for (std::size_t index = 2; index < head; ++index) length = length << 8 | at(index);
  }
  if (bytes.size() - head < length) return {};
  const auto opcode = static_cast<rfc6455::Opcode>(at(0) & rfc6455::opcode_bits);
  return {head + length, opcode, bytes.substr(head, length)};
}

}  // namespace

HttpReply reply_of(Refusal refusal) {
  const auto code = static_cast<std::size_t>(refusal);
  HttpReply reply{refusals[code].status, "application/json"};
  reply.body.append("{\"code\":").append(std::to_string(code)).append(",\"message\":\"");
  reply.body.append(refusals[code].message).append("\"}");
  return reply;
}

base::Result<Packet> parse_packet(std::string_view text, std::string& decoded) {
  if (text.empty()) return fail(Errc::bad_request, "an Engine.IO packet is empty");
  if (text.front() == binary_mark) {
    decoded.clear();
    if (!append_decoded_base64(decoded, text.substr(1))) {
      return fail(Errc::bad_request, "a binary Engine.IO packet is not base64");
    }
    return Packet{PacketType::message, true, decoded};
  }
  if (text.front() < '0' || text.front() > digit_of(PacketType::noop)) {
    return fail(Errc::bad_request, "an Engine.IO packet does not begin with a type from 0 to 6, or b");
  }
  return Packet{static_cast<PacketType>(text.front() - '0'), false, text.substr(1)};
}

void append_packet(std::string& frames, PacketType type, std::string_view data) {
  rfc6455::append_head(frames, rfc6455::Opcode::text, data.size() + 1);
  frames += digit_of(type);
  frames += data;
}

std::string_view take_packet(std::string_view& payload) {
  const std::size_t end = payload.find(separator);
  const std::string_view packet = payload.substr(0, end);
  payload.remove_prefix(end == std::string_view::npos ? payload.size() : end + 1);
  return packet;
}

namespace {

bool is_close(std::string_view packet) { return packet.size() == 1 && packet[0] == digit_of(PacketType::close); }

}  // namespace

std::size_t append_polled(std::string& payload, std::string_view frames) {
  std::size_t taken = 0;
  for (Frame frame = first_frame(frames); frame.size > 0; frame = first_frame(frames.substr(taken))) {
    const bool is_binary = frame.opcode == rfc6455::Opcode::binary;
    const bool is_packet = is_binary || frame.opcode == rfc6455::Opcode::text;
    if (is_packet && !is_binary && is_close(frame.payload) && !payload.empty()) break;
    taken += frame.size;
    if (!is_packet) continue;
    if (!payload.empty()) payload += separator;
    if (is_binary) {
      payload += binary_mark;
      append_base64(payload, frame.payload);
    } else {
      payload += frame.payload;
    }
  }
  return taken;
}

std::string open_packet(const Handshake& handshake) {
  std::string packet = "0{\"sid\":";
  base::append_json_string(packet, handshake.sid);
  packet.append(",\"upgrades\":").append(handshake.may_upgrade ? "[\"websocket\"]" : "[]");
  packet.append(",\"pingInterval\":").append(std::to_string(handshake.ping_interval.count()));
  packet.append(",\"pingTimeout\":").append(std::to_string(handshake.ping_timeout.count()));
  return packet.append(",\"maxPayload\":").append(std::to_string(handshake.payload_bytes_max)).append("}");
}

}  // namespace sluice::gateway::engine_io
