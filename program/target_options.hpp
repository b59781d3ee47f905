#pragma once
// Who a call is for, as flags.

#include <string>
#include <string_view>
#include <vector>

namespace sluice::v1 {
class Target;
}

namespace sluice::program {

struct TargetOptions {
  static constexpr std::string_view section = "Target";

  std::vector<std::string> rooms, users, connections;
  bool everyone = false;
  std::vector<std::string> except_rooms, except_users, except_connections;
  std::string name_space = "/";

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.option("room", rooms, {.sentence = "Every connection in this room."});
    visitor.option("user", users, {.sentence = "Every connection of this user."});
    visitor.option("connection", connections, {.unit = "id", .sentence = "The connection with this id."});
    visitor.option("everyone", everyone, {.sentence = "Every connection of the namespace."});
    visitor.option("except-room", except_rooms, {.sentence = "But not those in this room."});
    visitor.option("except-user", except_users, {.sentence = "But not those of this user."});
    visitor.option("except-connection", except_connections, {.unit = "id", .sentence = "But not this one."});
    visitor.option("namespace", name_space, {.sentence = "Where all of these are."});
  }

  // Whether nobody is named; `--everyone` beside names is no target either, which what_is_wrong() tells.
  bool is_empty() const { return !everyone && rooms.empty() && users.empty() && connections.empty(); }
  std::string_view what_is_wrong() const;
  void write(v1::Target& target) const;
};

}  // namespace sluice::program
