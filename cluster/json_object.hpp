#pragma once
// JsonObject: an answer of a NATS server, looked into member by member. What is missing or of another type reads as
// empty, 0 or false: a server's answers grow new members with its versions. Borrows the text. Pure.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_scanner.hpp"

namespace sluice::cluster {

class JsonObject {
 public:
  // Nothing if `text` is not one object, with perhaps white space around it.
  static std::optional<JsonObject> parse(std::string_view text);
  JsonObject() = default;

  bool has(std::string_view name) const { return !find(name).empty(); }
  std::string text(std::string_view name) const;
  std::int64_t number(std::string_view name) const;
  bool is_true(std::string_view name) const { return find(name) == "true"; }
  JsonObject object(std::string_view name) const;
  std::vector<std::string> texts(std::string_view name) const;

 private:
  // As it is written; empty if it is missing or null.
  std::string_view find(std::string_view name) const;

  std::vector<base::JsonMember> members_;
};

}  // namespace sluice::cluster
