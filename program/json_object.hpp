#pragma once
// JsonObject: the members of an object that a gateway sent, found by their names. Pure.

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json_scanner.hpp"

namespace sluice::program {

class JsonObject {
 public:
  // Nothing if `text`, but for white space around it, is no object. `text` outlives this.
  static std::optional<JsonObject> parse(std::string_view text);

  // A member's value as it is written; empty if there is none. Names are compared as they are written.
  std::string_view written(std::string_view name) const;
  // A string's text; of another value, and of none, as it is written.
  std::string text(std::string_view name) const;
  bool has_string(std::string_view name) const { return written(name).starts_with('"'); }

 private:
  explicit JsonObject(std::vector<base::JsonMember> members) : members_(std::move(members)) {}

  std::vector<base::JsonMember> members_;
};

}  // namespace sluice::program
