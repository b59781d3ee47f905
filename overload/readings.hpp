#pragma once
// Readings: what files of /proc and of cgroups say. Pure: text in, numbers out; nothing where the text is not as it
// should be. Kernel: Documentation/filesystems/proc.rst, admin-guide/cgroup-v1/memory.rst, admin-guide/cgroup-v2.rst.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::overload {

// The number that a file consists of. "max", which means no limit, is none.
std::optional<std::uint64_t> whole_number(std::string_view text);
// The number behind `name` in a file with a name and a number a line, such as memory.stat.
std::optional<std::uint64_t> named_number(std::string_view text, std::string_view name);
// Resident pages in /proc/self/statm.
std::optional<std::uint64_t> resident_pages(std::string_view statm);

// Where the process stands in the trees of cgroups, as /proc/self/cgroup has it; empty: in none of that kind.
struct CgroupPlaces {
  std::string unified;  // version 2
  std::string memory;   // version 1
};
CgroupPlaces cgroup_places(std::string_view text);

}  // namespace sluice::overload
