#include "program/file_limit.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <string>

namespace sluice::program {
namespace {

// Standard streams, libraries, log, metrics, and some hundred callers of the control ports.
constexpr std::size_t files_for_process = 256;
// A worker's epoll sets, event descriptor and what it holds while it refuses a connection.
constexpr std::size_t files_for_worker = 8;
// With fewer than that a gateway makes no sense.
constexpr std::size_t connections_min = 64;

std::size_t size_of(rlim_t limit) {
  constexpr std::size_t most = std::numeric_limits<std::size_t>::max();
  return limit == RLIM_INFINITY ? most : static_cast<std::size_t>(limit);
}

}  // namespace

std::size_t raise_file_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
  const rlim_t before = limit.rlim_cur;
  limit.rlim_cur = limit.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &limit) == 0) return size_of(limit.rlim_cur);
  // The kernel's own bound may be less than a hard limit without end.
  rlim_t most = 0;
  std::ifstream("/proc/sys/fs/nr_open") >> most;
  limit.rlim_cur = std::max(before, std::min(most, limit.rlim_max));
  return size_of(setrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : before);
}

base::Result<std::size_t> connections_that_fit(std::size_t wanted, std::size_t files_max, OtherFiles others) {
  const std::size_t reserved = files_for_process + others.workers * (files_for_worker + others.listeners);
  const std::size_t needed = reserved + (wanted != 0 ? wanted : connections_min);
  if (needed <= files_max) return wanted != 0 ? wanted : files_max - reserved;
  const std::string asked =
      wanted != 0 ? "--connections-max " + std::to_string(wanted) + " needs" : "the gateway needs at least";
  return base::fail(base::Errc::exhausted, asked + " " + std::to_string(needed) + " open files, but the limit is " +
                                               std::to_string(files_max) +
                                               "; raise it (ulimit -Hn, or LimitNOFILE= of systemd)");
}

}  // namespace sluice::program
