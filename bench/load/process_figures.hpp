#pragma once
// What the server's processes have used, from the kernel: CPU time in nanoseconds and resident memory.

#include <sys/types.h>

#include <cstdint>
#include <vector>

#include "bench/load/clock.hpp"

namespace sluice::bench {

class ProcessFigures {
 public:
  explicit ProcessFigures(std::vector<pid_t> pids) : pids_(std::move(pids)) {}

  bool empty() const { return pids_.empty(); }
  // CPU time of all their threads, also of those that have ended: by the processes' CPU clocks, which count nanoseconds
  // (/proc/PID/stat has ticks of 10 ms); from /proc where there is no such clock. A process that is gone counts as 0.
  Nanoseconds cpu() const;
  std::uint64_t rss_bytes() const;
  // False if one of them has ended.
  bool are_alive() const;

 private:
  std::vector<pid_t> pids_;
};

}  // namespace sluice::bench
