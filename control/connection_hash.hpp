#pragma once
// ConnectionHash: for tables by connection.

#include <cstdint>
#include <functional>

#include "base/ids.hpp"

namespace sluice::control {

struct ConnectionHash {
  std::size_t operator()(const base::ConnectionId& id) const {
    const std::uint64_t low = std::uint64_t{id.slot} << 32 | id.generation;
    const std::uint64_t high = std::uint64_t{id.incarnation} << 16 | id.worker_id.value;
    return std::hash<std::uint64_t>()((low ^ high * 0xC2B2AE3D27D4EB4Full) * 0x9E3779B97F4A7C15ull);
  }
};

}  // namespace sluice::control
