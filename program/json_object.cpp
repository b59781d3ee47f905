#include "program/json_object.hpp"

#include <algorithm>

namespace sluice::program {

std::optional<JsonObject> JsonObject::parse(std::string_view text) {
  auto members = base::json_members(text);
  return members ? std::optional(JsonObject(*std::move(members))) : std::nullopt;
}

std::string_view JsonObject::written(std::string_view name) const {
  const auto found = std::ranges::find_if(members_, [name](const base::JsonMember& member) {
    return member.name.substr(1, member.name.size() - 2) == name;
  });
  return found == members_.end() ? std::string_view{} : found->value;
}

std::string JsonObject::text(std::string_view name) const {
  const std::string_view value = written(name);
  return value.starts_with('"') ? base::json_string(value) : std::string(value);
}

}  // namespace sluice::program
