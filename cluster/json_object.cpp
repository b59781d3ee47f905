#include "cluster/json_object.hpp"

#include <charconv>

namespace sluice::cluster {

std::optional<JsonObject> JsonObject::parse(std::string_view text) {
  auto members = base::json_members(text);
  if (!members) return std::nullopt;
  JsonObject object;
  object.members_ = *std::move(members);
  return object;
}

std::string_view JsonObject::find(std::string_view name) const {
  for (const base::JsonMember& member : members_) {
    if (member.name.substr(1, member.name.size() - 2) != name) continue;
    return member.value == "null" ? std::string_view{} : member.value;
  }
  return {};
}

std::string JsonObject::text(std::string_view name) const {
  const std::string_view value = find(name);
  return value.starts_with('"') ? base::json_string(value) : std::string();
}

std::int64_t JsonObject::number(std::string_view name) const {
  const std::string_view value = find(name);
  std::int64_t number = 0;
  const auto [stopped, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  return error == std::errc() && stopped == value.data() + value.size() ? number : 0;
}

JsonObject JsonObject::object(std::string_view name) const { return parse(find(name)).value_or(JsonObject()); }

std::vector<std::string> JsonObject::texts(std::string_view name) const {
  std::vector<std::string> found;
  for (const std::string_view element : base::json_elements(find(name)).value_or(std::vector<std::string_view>{})) {
    if (element.starts_with('"')) found.push_back(base::json_string(element));
  }
  return found;
}

}  // namespace sluice::cluster
