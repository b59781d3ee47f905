#pragma once
// MemoryReader: how much memory is used, of how much there is: as the cgroup counts, kernel memory of sockets included,
// or, where a limit of our own is set, as the process and its clients' sockets have it. Belongs to one thread.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace sluice::overload {

class MemoryReader {
 public:
  // `memory_max` 0: the cgroup's limit counts. `root` is where /proc and /sys are.
  explicit MemoryReader(std::uint64_t memory_max, std::string root = "");

  struct Reading {
    std::uint64_t used = 0, limit = 0;  // limit 0: nobody set one
    double pressure() const { return limit == 0 ? 0 : static_cast<double>(used) / static_cast<double>(limit); }
  };
  // `socket_bytes` is what clients' sockets hold in the kernel, which only a limit of our own needs to be told.
  Reading read(std::uint64_t socket_bytes) const;

 private:
  enum class Kind : std::uint8_t { own, unified, memory };
  // One cgroup that bounds us; its ancestors do, too.
  struct Bound {
    Kind kind;
    std::string folder;
  };
  void add_bounds(Kind kind, const std::string& mount, std::string place);
  std::optional<std::uint64_t> number_in(const std::string& path) const;
  std::uint64_t own_bytes() const;
  std::optional<Reading> reading_of(const Bound& bound) const;

  const std::uint64_t memory_max_;
  const std::string root_;
  std::vector<Bound> bounds_;
};

}  // namespace sluice::overload
