#include "gateway/encodings.hpp"

#include <array>

#include "base/json_text.hpp"
#include "gateway/base64.hpp"
#include "gateway/rfc6455.hpp"

namespace sluice::gateway {
namespace {

using rfc6455::Opcode;
using workers::DataKind;
using workers::Message;
using workers::RoomKey;

// Appends `,"data":...`, and what the data is if JSON cannot say it by itself.
void append_data(const Message& message, std::string& out) {
  out += ",\"data\":";
  switch (message.kind) {
    case DataKind::text:
      return base::append_json_string(out, message.data);
    case DataKind::json:
      out += message.data;
      return;
    case DataKind::binary:
      out += '"';
      append_base64(out, message.data);
      out += "\",\"encoding\":\"base64\"";
      return;
  }
}

void append_text_frame(std::string& out, const std::string& text) { rfc6455::append_frame(out, Opcode::text, text); }

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

}  // namespace

void append_message(workers::WireFormat format, const Message& message, const RoomKey* room, std::string& out) {
  if (format == enveloped_websocket) return append_text_frame(out, whole_envelope(message, room));
  if (message.event != workers::default_event) return append_text_frame(out, bare_envelope(message));
  rfc6455::append_frame(out, message.kind == DataKind::binary ? Opcode::binary : Opcode::text, message.data);
}

void append_gap(workers::WireFormat format, workers::GapReason reason, std::string& out) {
  static constexpr std::array<std::string_view, 4> names{"evicted", "other_epoch", "future", "dropped"};
  if (format != enveloped_websocket) return;
  std::string text = "{\"notice\":\"gap\",\"reason\":\"";
  text += names[static_cast<std::size_t>(reason)];
  append_text_frame(out, text + "\"}");
}

void append_open(const std::string& connection_id, const std::string& position, std::string& out) {
  append_text_frame(out, R"({"notice":"open","id":")" + connection_id + R"(","position":")" + position + "\"}");
}

}  // namespace sluice::gateway
