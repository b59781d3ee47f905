#pragma once
// Namespaces: the names of the node's worlds of rooms, as clients ask for them. Immutable once clients come.

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.hpp"

namespace sluice::gateway {

class Namespaces {
 public:
  // In the order of their ids.
  explicit Namespaces(std::vector<std::string> names = {"/"}) : names_(std::move(names)) {}

  std::optional<base::NamespaceId> find(std::string_view name) const {
    const auto found = std::find(names_.begin(), names_.end(), name);
    if (found == names_.end()) return std::nullopt;
    return base::NamespaceId{static_cast<std::uint16_t>(found - names_.begin())};
  }

  const std::string& name_of(base::NamespaceId id) const { return names_[id.value]; }

 private:
  std::vector<std::string> names_;
};

}  // namespace sluice::gateway
