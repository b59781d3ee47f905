#pragma once
// rendezvous(): which nodes see to something, so that all who know the same nodes say the same, and little changes when
// one comes or goes.

#include <algorithm>
#include <cstdint>
#include <vector>

namespace sluice::control {

inline std::uint64_t rendezvous_score(std::uint64_t what, std::uint32_t node) {
  std::uint64_t mixed = what * 0x9E3779B97F4A7C15ull ^ std::uint64_t{node} * 0xC2B2AE3D27D4EB4Full;
  mixed = (mixed ^ mixed >> 31) * 0xD6E8FEB86659FD93ull;
  return mixed ^ mixed >> 32;
}

// The `count` of `nodes` that come first for `what`, or all.
inline std::vector<std::uint32_t> rendezvous(std::uint64_t what, std::vector<std::uint32_t> nodes, std::size_t count) {
  std::ranges::sort(nodes, [what](std::uint32_t one, std::uint32_t other) {
    const auto scores = std::pair(rendezvous_score(what, one), rendezvous_score(what, other));
    return scores.first != scores.second ? scores.first > scores.second : one < other;
  });
  nodes.resize(std::min(nodes.size(), count));
  return nodes;
}

}  // namespace sluice::control
