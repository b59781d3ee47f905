#include "program/poll_answer.hpp"

#include "program/json_object.hpp"

namespace sluice::program {
namespace {

// As the same message is in a stream of server-sent events.
std::string data_of(const JsonObject& message) {
  const std::string_view encoding = message.written("encoding"), arguments = message.written("args");
  if (!encoding.empty()) {
    return "{\"data\":" + std::string(message.written("data")) + ",\"encoding\":" + std::string(encoding) + "}";
  }
  return arguments.empty() ? message.text("data") : "{\"args\":" + std::string(arguments) + "}";
}

}  // namespace

std::optional<PollAnswer> read_poll_answer(std::string_view body) {
  const auto object = JsonObject::parse(body);
  if (!object || !object->has_string("cursor")) return std::nullopt;
  const auto elements = base::json_elements(object->written("messages"));
  if (!elements) return std::nullopt;
  PollAnswer answer{object->text("cursor"), {}, object->written("gap") == "true", object->text("reason")};
  for (const std::string_view element : *elements) {
    const auto message = JsonObject::parse(element);
    if (!message) return std::nullopt;
    answer.messages.push_back({message->text("position"), message->text("event"), data_of(*message)});
  }
  return answer;
}

}  // namespace sluice::program
