#include "program/heard_message.hpp"

#include "base/json_text.hpp"
#include "program/json_object.hpp"
#include "program/printable.hpp"
#include "program/table.hpp"

namespace sluice::program {

std::string message_line(const HeardMessage& message) {
  Table table({"POSITION", "EVENT", "DATA"});
  table.add({message.position, message.event, message.data});
  return table.text(false);
}

std::string message_json(const HeardMessage& message) {
  std::string line = "{\"event\":";
  base::append_json_string(line, message.event);
  base::append_json_string(line += ",\"data\":", message.data);
  if (!message.position.empty()) base::append_json_string(line += ",\"position\":", message.position);
  return line + "}\n";
}

std::string gap_reason(std::string_view data) {
  const auto object = JsonObject::parse(data);
  return object && object->has_string("reason") ? object->text("reason") : "";
}

std::string gap_text(std::string_view reason) {
  return "a gap: messages are lost" + (reason.empty() ? "" : " (" + printable(reason) + ")");
}

std::string gap_json(std::string_view reason) {
  std::string line = R"({"notice":"gap")";
  if (!reason.empty()) base::append_json_string(line += ",\"reason\":", reason);
  return line + "}\n";
}

}  // namespace sluice::program
