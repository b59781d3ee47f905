#pragma once
// ReplicaPlace: which replica of a backend, among those of all nodes.

#include <cstdint>
#include <utility>

namespace sluice::control {

struct ReplicaPlace {
  std::uint32_t node = 0;     // the incarnation of the one that it is attached to
  std::uint64_t replica = 0;  // its number there
  bool operator==(const ReplicaPlace&) const = default;
  bool operator<(const ReplicaPlace& other) const {
    return std::pair(node, replica) < std::pair(other.node, other.replica);
  }
};

}  // namespace sluice::control
