#include "program/target_options.hpp"

#include "sluice/v1/types.pb.h"

namespace sluice::program {

std::string_view TargetOptions::what_is_wrong() const {
  if (is_empty()) return "for whom? name a --room, --user or --connection, or say --everyone";
  const bool has_names = !rooms.empty() || !users.empty() || !connections.empty();
  if (everyone && has_names) return "--everyone stands alone; leave out --room, --user and --connection";
  return {};
}

void TargetOptions::write(v1::Target& target) const {
  const auto copy = [](const std::vector<std::string>& from, auto* to) { to->Assign(from.begin(), from.end()); };
  target.set_namespace_(name_space);
  copy(rooms, target.mutable_rooms());
  copy(users, target.mutable_users());
  copy(connections, target.mutable_connections());
  target.set_everyone(everyone);
  copy(except_rooms, target.mutable_except_rooms());
  copy(except_users, target.mutable_except_users());
  copy(except_connections, target.mutable_except_connections());
}

}  // namespace sluice::program
