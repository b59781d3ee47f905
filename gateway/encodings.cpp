#include "gateway/encodings.hpp"

#include <algorithm>
#include <array>

#include "base/json_scanner.hpp"
#include "base/json_text.hpp"
#include "gateway/base64.hpp"
#include "gateway/engine_io.hpp"
#include "gateway/polled.hpp"
#include "gateway/rfc6455.hpp"
#include "gateway/socket_io.hpp"
#include "gateway/worker_context.hpp"
#include "workers/metrics.hpp"

namespace sluice::gateway {
namespace {

using rfc6455::Opcode;
using workers::DataKind;
using workers::Message;
using workers::RoomKey;

// Appends JSON with each attachment in the place of what stands for it.
void append_json(const Message& message, std::string& out) {
  std::size_t done = 0;
  if (!message.attachments.empty()) {
    for (const base::JsonPlaceholder& one : base::json_placeholders(message.data)) {
      if (!one.number || *one.number >= message.attachments.size()) continue;
      out.append(message.data, done, one.begin - done).append("{\"$base64\":\"");
      append_base64(out, message.attachments[*one.number]);
      out += "\"}";
      done = one.end;
    }
  }
  out.append(message.data, done);
}

std::string bare_envelope(const Message& message) {
  std::string text = "{\"event\":";
  base::append_json_string(text, message.event);
  append_data(message, text);
  return text + '}';
}

std::string whole_envelope(const Message& message, const RoomKey* room) {
  std::string text = "{\"event\":";
  base::append_json_string(text, message.event);
  append_data(message, text);
  if (room != nullptr) {
    text += ",\"room\":";
    base::append_json_string(text, room->name);
  }
  // What was sent back to its sender alone never had a place in the order.
  if (message.position.epoch != 0) text.append(",\"position\":\"").append(message.position.text()).append("\"");
  return text + '}';
}

// Each line of the text is a line of the event's data (HTML Standard, 9.2.6): CR, LF and CRLF end one.
void append_lines(std::string_view text, std::string& out) {
  while (true) {
    const auto end = text.find_first_of("\r\n");
    out.append("data: ").append(text.substr(0, end)).append("\n");
    if (end == std::string_view::npos) return;
    text.remove_prefix(text.substr(end).starts_with("\r\n") ? end + 2 : end + 1);
  }
}

void append_event(const Message& message, std::string& out) {
  if (message.event != workers::default_event) out.append("event: ").append(message.event).append("\n");
  if (message.position.epoch != 0) out.append("id: ").append(message.position.text()).append("\n");
  const bool is_plain_json = message.kind == DataKind::json && message.attachments.empty();
  if (message.kind == DataKind::text || is_plain_json) {
    append_lines(message.data, out);
  } else {
    // What is no text says by its members what it is.
    std::string text;
    if (message.kind == DataKind::json) {
      append_json(message, text);
    } else {
      append_data(message, text);
      text.front() = '{';
      text += '}';
    }
    append_lines(text, out);
  }
  out += '\n';
}

struct Payload {
  Opcode opcode;
  std::string_view bytes;
};

// What the frame carries, before it is deflated; `envelope` is memory for it.
Payload payload_of(bool is_enveloped, const Message& message, const RoomKey* room, std::string& envelope) {
  if (is_enveloped) {
    envelope = whole_envelope(message, room);
    return {Opcode::text, envelope};
  }
  // JSON with attachments, too, cannot go as it is.
  if (message.event != workers::default_event || message.kind == DataKind::arguments || !message.attachments.empty()) {
    envelope = bare_envelope(message);
    return {Opcode::text, envelope};
  }
  return {message.kind == DataKind::binary ? Opcode::binary : Opcode::text, message.data};
}

}  // namespace

void append_data(const Message& message, std::string& out) {
  out += message.kind == DataKind::arguments ? ",\"args\":" : ",\"data\":";
  switch (message.kind) {
    case DataKind::text:
      return base::append_json_string(out, message.data);
    case DataKind::json:
    case DataKind::arguments:
      return append_json(message, out);
    case DataKind::binary:
      out += '"';
      append_base64(out, message.data);
      out += "\",\"encoding\":\"base64\"";
      return;
  }
}

void append_line(std::string_view object, std::string& out) {
  const std::size_t begin = out.size();
  out += object;
  // Some that read lines take a CR for the end of one, too.
  const auto is_end = [](char c) { return c == '\n' || c == '\r'; };
  std::replace_if(out.begin() + static_cast<std::ptrdiff_t>(begin), out.end(), is_end, ' ');
  out += '\n';
}

void append_text(workers::WireFormat format, std::string_view text, std::string& out) {
  if (format == line_objects) return append_line(text, out);
  if (traits_of(format).is_engine_io) return engine_io::append_packet(out, engine_io::PacketType::message, text);
  rfc6455::append_frame(out, Opcode::text, text);
}

FormatTraits traits_of(workers::WireFormat format) {
  static constexpr std::array<FormatTraits, 15> traits{{{},
                                                        {false, 0, false},
                                                        {true, 0, false},
                                                        {false, wide_window_bits, false},
                                                        {true, wide_window_bits, false},
                                                        {false, narrow_window_bits, false},
                                                        {true, narrow_window_bits, false},
                                                        {false, wide_window_bits, true},
                                                        {true, wide_window_bits, true},
                                                        {false, 0, false, true},
                                                        {true, 0, false, true},
                                                        {false, 0, false, true},
                                                        {false, 0, false},
                                                        {true, 0, false},
                                                        {true, 0, false}}};
  return format < traits.size() ? traits[format] : FormatTraits{};
}

workers::WireFormat websocket_format(bool is_enveloped, const std::optional<DeflateTerms>& deflate) {
  workers::WireFormat format = bare_websocket;
  if (deflate) {
    format = deflate->keeps_server_context ? 7 : deflate->server_window_bits >= wide_window_bits ? 3 : 5;
  }
  return is_enveloped ? static_cast<workers::WireFormat>(format + 1) : format;
}

void append_message(workers::WireFormat format, const Message& message, const RoomKey* room, std::string& out) {
  std::string envelope;
  const Payload payload = payload_of(traits_of(format).is_enveloped, message, room, envelope);
  if (payload.opcode == Opcode::text) return append_text(format, payload.bytes, out);
  rfc6455::append_frame(out, payload.opcode, payload.bytes);
}

void append_message(WorkerContext& context, workers::WireFormat format, Deflater* own, const Message& message,
                    const RoomKey* room, std::string& out) {
  if (format == socket_io_events) {
    // Also of a message that is not stored: clients take any last string for an offset.
    const bool has_offset = context.options.recovery_sockets_max > 0 && message.position.epoch != 0;
    const std::string offset = has_offset ? message.position.text() : std::string();
    return socket_io::append_event(out, context.namespaces.name_of(message.target.name_space), std::nullopt, message,
                                   offset);
  }
  if (format == sse_events) return append_event(message, out);
  if (format == poll_objects) return polled::append(message, whole_envelope(message, room), out);
  if (format == line_objects) return append_line(whole_envelope(message, room), out);
  const FormatTraits traits = traits_of(format);
  if (traits.window_bits == 0) return append_message(format, message, room, out);
  std::string envelope;
  const Payload payload = payload_of(traits.is_enveloped, message, room, envelope);
  const bool is_worth_it = message.deflation == workers::Deflation::always ||
                           (message.deflation == workers::Deflation::by_size &&
                            payload.bytes.size() >= context.options.compression_bytes_min);
  context.deflated.clear();
  if (!is_worth_it ||
      !(own != nullptr ? own->deflate(payload.bytes, context.deflated)
                       : context.deflater.deflate(payload.bytes, traits.window_bits, context.deflated))) {
    return rfc6455::append_frame(out, payload.opcode, payload.bytes);
  }
  context.metrics.deflated_messages.add();
  context.metrics.deflated_bytes_before.add(payload.bytes.size());
  context.metrics.deflated_bytes_after.add(context.deflated.size());
  rfc6455::append_head(out, payload.opcode, context.deflated.size(), true);
  out += context.deflated;
}

std::string_view name_of(workers::GapReason reason) {
  static constexpr std::array<std::string_view, 4> names{"evicted", "other_epoch", "future", "dropped"};
  return names[static_cast<std::size_t>(reason)];
}

void append_gap(workers::WireFormat format, workers::GapReason reason, std::string& out) {
  if (format == sse_events) {
    out.append("event: gap\ndata: {\"reason\":\"").append(name_of(reason)).append("\"}\n\n");
    return;
  }
  if (format == poll_objects) return polled::append_gap(out);
  if (!traits_of(format).is_enveloped) return;
  std::string text = "{\"notice\":\"gap\",\"reason\":\"";
  text += name_of(reason);
  append_text(format, text + "\"}", out);
}

std::string end_notice(const workers::Ending& ending) {
  std::string object = "{\"notice\":\"end\",\"code\":" + std::to_string(ending.close_code) + ",\"reason\":";
  base::append_json_string(object, ending.text);
  const auto after = ending.returns_after.count();
  if (after > 0) object += ",\"retry_ms\":" + std::to_string(after);
  return object + '}';
}

void append_open(workers::WireFormat format, const std::string& connection_id, const std::string& position,
                 std::string& out) {
  if (format == sse_events) {
    // An event without data is none to a page, but what it comes back with.
    out.append("id: ").append(position).append("\n\n");
    return;
  }
  if (format == poll_objects) return;
  append_text(format, R"({"notice":"open","id":")" + connection_id + R"(","position":")" + position + "\"}", out);
}

}  // namespace sluice::gateway
