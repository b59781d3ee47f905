#include "bench/load/process_figures.hpp"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>

namespace sluice::bench {

namespace {

std::string proc_file(pid_t pid, const char* name) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/" + name);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

Nanoseconds cpu_by_stat(pid_t pid) {
  const std::string stat = proc_file(pid, "stat");
  const auto name_end = stat.rfind(')');
  if (name_end == std::string::npos) return 0;
  std::istringstream fields(stat.substr(name_end + 1));
  std::string skipped;
  for (int field = 3; field <= 13; ++field) fields >> skipped;
  std::uint64_t user = 0, system = 0;
  fields >> user >> system;
  return (user + system) * 1'000'000'000 / static_cast<std::uint64_t>(sysconf(_SC_CLK_TCK));
}

Nanoseconds cpu_of(pid_t pid) {
  clockid_t clock{};
  timespec time{};
  if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &time) != 0) return cpu_by_stat(pid);
  return static_cast<Nanoseconds>(time.tv_sec) * 1'000'000'000 + static_cast<Nanoseconds>(time.tv_nsec);
}

std::uint64_t rss_of(pid_t pid) {
  std::istringstream status(proc_file(pid, "status"));
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) return std::stoull(line.substr(6)) * 1024;
  }
  return 0;
}

}  // namespace

Nanoseconds ProcessFigures::cpu() const {
  Nanoseconds sum = 0;
  for (const pid_t pid : pids_) sum += cpu_of(pid);
  return sum;
}

std::uint64_t ProcessFigures::rss_bytes() const {
  std::uint64_t sum = 0;
  for (const pid_t pid : pids_) sum += rss_of(pid);
  return sum;
}

bool ProcessFigures::are_alive() const {
  return std::all_of(pids_.begin(), pids_.end(), [](pid_t pid) { return kill(pid, 0) == 0; });
}

}  // namespace sluice::bench
