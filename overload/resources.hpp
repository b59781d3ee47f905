#pragma once
// What may run short. Pressure is the share of it that is used: 0 nothing, 1 all.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sluice::overload {

enum class Resource : std::uint8_t {
  memory,        // of the cgroup, or of the process and its clients' sockets
  queued_bytes,  // of outboxes
  loop_lag,      // how late workers are
  descriptors,   // open files
};
inline constexpr std::array<std::string_view, 4> resource_names{"memory", "queued_bytes", "loop_lag", "descriptors"};

using Pressures = std::array<double, resource_names.size()>;

inline std::string_view name_of(Resource resource) { return resource_names[static_cast<std::size_t>(resource)]; }

}  // namespace sluice::overload
