#include "workers/cores.hpp"

#include <sched.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <string>
#include <vector>

namespace sluice::workers {
namespace {

constexpr double cores_max = 256;  // as many workers as there may be

std::vector<int> allowed_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  std::vector<int> cores;
  if (sched_getaffinity(0, sizeof set, &set) != 0) return {0};
  for (int core = 0; core < CPU_SETSIZE; ++core) {
    if (CPU_ISSET(core, &set)) cores.push_back(core);
  }
  return cores.empty() ? std::vector<int>{0} : cores;
}

// Quota over period of one file, or infinity: "200000 100000" or "max 100000" (cgroup v2, cpu.max).
double limit_in(const std::string& path) {
  std::ifstream file(path);
  std::string quota;
  double period = 0;
  if (!(file >> quota >> period) || quota == "max" || period <= 0) return std::numeric_limits<double>::infinity();
  return std::stod(quota) / period;
}

// The limit that a cgroup's own path names, or one of those above it; a container sees its own as the root.
double cgroup_limit() {
  double limit = std::numeric_limits<double>::infinity();
  std::ifstream groups("/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    if (!line.starts_with("0::")) continue;
    for (std::string path = line.substr(3); !path.empty(); path.resize(path.find_last_of('/'))) {
      limit = std::min(limit, limit_in("/sys/fs/cgroup" + path + "/cpu.max"));
      if (path.find_last_of('/') == std::string::npos) break;
    }
  }
  limit = std::min(limit, limit_in("/sys/fs/cgroup/cpu.max"));
  // cgroup v1 as containers see it.
  std::ifstream quota_file("/sys/fs/cgroup/cpu/cpu.cfs_quota_us"), period_file("/sys/fs/cgroup/cpu/cpu.cfs_period_us");
  double quota = 0, period = 0;
  if (quota_file >> quota && period_file >> period && quota > 0 && period > 0) limit = std::min(limit, quota / period);
  return limit;
}

}  // namespace

std::size_t usable_cores() {
  const double cores = static_cast<double>(allowed_cores().size());
  return static_cast<std::size_t>(std::clamp(std::ceil(cgroup_limit()), 1.0, std::min(cores, cores_max)));
}

bool pin_this_thread(std::size_t index) {
  const std::vector<int> cores = allowed_cores();
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cores[index % cores.size()], &set);
  return sched_setaffinity(0, sizeof set, &set) == 0;
}

void use_batch_scheduling() {
  const sched_param none{};
  sched_setscheduler(0, SCHED_BATCH, &none);
}

}  // namespace sluice::workers
