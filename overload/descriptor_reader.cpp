#include "overload/descriptor_reader.hpp"

#include <dirent.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cstdint>
#include <optional>

namespace sluice::overload {
namespace {

constexpr const char* folder = "/proc/self/fd";

// Nothing if there is not even one left to look with.
std::optional<std::uint64_t> count_entries() {
  DIR* const directory = opendir(folder);
  if (directory == nullptr) return std::nullopt;
  std::uint64_t entries = 0;
  // The directory stream is this function's own, which makes readdir safe among threads.
  while (readdir(directory) != nullptr) ++entries;  // NOLINT(concurrency-mt-unsafe)
  closedir(directory);
  return entries;
}

}  // namespace

double DescriptorReader::pressure(base::TimePoint now) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == 0) return 0;
  struct stat status {};
  if (stat(folder, &status) != 0) return 0;
  auto open = static_cast<std::uint64_t>(status.st_size);
  if (open == 0) {
    if (counted_at_ != base::TimePoint{} && now - counted_at_ < std::chrono::seconds(1)) return last_;
    counted_at_ = now;
    open = count_entries().value_or(limit.rlim_cur);
  }
  last_ = static_cast<double>(open) / static_cast<double>(limit.rlim_cur);
  return last_;
}

}  // namespace sluice::overload
