#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <string>

#include "control/exposition.hpp"

namespace sluice::control {

namespace {

std::uint64_t count_open_descriptors() {
  DIR* const directory = ::opendir("/proc/self/fd");
  if (directory == nullptr) return 0;
  std::uint64_t entries = 0;
  // The directory stream is this function's own, which makes readdir safe among threads.
  while (::readdir(directory) != nullptr) ++entries;  // NOLINT(concurrency-mt-unsafe)
  ::closedir(directory);
  return entries > 3 ? entries - 3 : 0;  // ".", ".." and the directory's own descriptor
}

// Seconds from 1970 to the machine's start.
double boot_seconds() {
  std::ifstream stat("/proc/stat");
  for (std::string word; stat >> word;) {
    double seconds = 0;
    if (word == "btime" && stat >> seconds) return seconds;
  }
  return 0;
}

// The numbers behind the command's name in /proc/self/stat; the first is field 3 of proc(5), so field n is at n - 3.
std::vector<std::string> stat_fields() {
  std::ifstream stat("/proc/self/stat");
  std::string line;
  std::getline(stat, line);
  std::istringstream rest(line.substr(line.rfind(')') == std::string::npos ? line.size() : line.rfind(')') + 1));
  std::vector<std::string> fields;
  for (std::string field; rest >> field;) fields.push_back(field);
  return fields;
}

}  // namespace

ProcessNumbers read_process_numbers() {
  ProcessNumbers numbers;
  numbers.open_descriptors = count_open_descriptors();
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) numbers.descriptors_max = limit.rlim_cur;
  const std::vector<std::string> fields = stat_fields();
  if (fields.size() < 22) return numbers;
  const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  numbers.cpu_seconds = (std::stod(fields[11]) + std::stod(fields[12])) / ticks;  // utime, stime
  numbers.threads = std::stoull(fields[17]);
  numbers.start_seconds = boot_seconds() + std::stod(fields[19]) / ticks;
  numbers.virtual_bytes = std::stoull(fields[20]);
  numbers.resident_bytes = std::stoull(fields[21]) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  return numbers;
}

}  // namespace sluice::control
