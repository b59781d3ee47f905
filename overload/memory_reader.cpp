#include "overload/memory_reader.hpp"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "base/read_file.hpp"
#include "overload/readings.hpp"

namespace sluice::overload {
namespace {

constexpr std::size_t file_bytes_max = 64 * 1024;
// Version 1 says so, rounded to pages, where there is no limit.
constexpr std::uint64_t no_limit = std::uint64_t{1} << 60;

}  // namespace

MemoryReader::MemoryReader(std::uint64_t memory_max, std::string root)
    : memory_max_(memory_max), root_(std::move(root)) {
  if (memory_max_ != 0) return;
  const auto text = base::read_file(root_ + "/proc/self/cgroup", file_bytes_max);
  if (!text) return;
  const CgroupPlaces places = cgroup_places(*text);
  add_bounds(Kind::unified, root_ + "/sys/fs/cgroup", places.unified);
  add_bounds(Kind::memory, root_ + "/sys/fs/cgroup/memory", places.memory);
}

// From the process's own cgroup up to the topmost that is to be seen. In a container the path may be one of the machine
// outside, which is not there: then the topmost is its own.
void MemoryReader::add_bounds(Kind kind, const std::string& mount, std::string place) {
  if (place.empty()) return;
  while (true) {
    while (!place.empty() && place.back() == '/') place.pop_back();
    const Bound bound{kind, mount + place};
    if (reading_of(bound)) bounds_.push_back(bound);
    if (place.empty()) return;
    place.erase(place.rfind('/') == std::string::npos ? 0 : place.rfind('/'));
  }
}

MemoryReader::Reading MemoryReader::read(std::uint64_t socket_bytes) const {
  if (memory_max_ != 0) return {own_bytes() + socket_bytes, memory_max_};
  Reading tightest;
  for (const Bound& bound : bounds_) {
    const auto reading = reading_of(bound);
    if (reading && reading->pressure() >= tightest.pressure()) tightest = *reading;
  }
  if (tightest.limit == 0) tightest.used = own_bytes() + socket_bytes;
  return tightest;
}

std::uint64_t MemoryReader::own_bytes() const {
  const auto text = base::read_file(root_ + "/proc/self/statm", file_bytes_max);
  const auto pages = text ? resident_pages(*text) : std::nullopt;
  return pages.value_or(0) * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

std::optional<std::uint64_t> MemoryReader::number_in(const std::string& path) const {
  const auto text = base::read_file(path, file_bytes_max);
  return text ? whole_number(*text) : std::nullopt;
}

// Nothing if it has no limit, or cannot be read. Files that the kernel keeps only as long as there is room do not
// count.
std::optional<MemoryReader::Reading> MemoryReader::reading_of(const Bound& bound) const {
  const bool is_unified = bound.kind == Kind::unified;
  const auto limit = number_in(bound.folder + (is_unified ? "/memory.max" : "/memory.limit_in_bytes"));
  const auto used = number_in(bound.folder + (is_unified ? "/memory.current" : "/memory.usage_in_bytes"));
  if (!limit || !used || *limit == 0 || *limit >= no_limit) return std::nullopt;
  const auto stat = base::read_file(bound.folder + "/memory.stat", file_bytes_max);
  const auto cached = stat ? named_number(*stat, is_unified ? "inactive_file" : "total_inactive_file") : std::nullopt;
  // Version 1 counts sockets apart from the rest.
  const auto sockets = is_unified ? std::nullopt : number_in(bound.folder + "/memory.kmem.tcp.usage_in_bytes");
  return Reading{*used - std::min(*used, cached.value_or(0)) + sockets.value_or(0), *limit};
}

}  // namespace sluice::overload
