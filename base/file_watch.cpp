#include "base/file_watch.hpp"

#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <list>
#include <system_error>

namespace sluice::base {
namespace {

namespace files = std::filesystem;

constexpr int links_max = 40;  // as the kernel's own bound (path_resolution(7))
constexpr std::uint32_t events = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_CLOSE_WRITE | IN_ATTRIB |
                                 IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;

}  // namespace

std::set<std::string> folders_deciding(const std::string& path) {
  std::set<std::string> folders;
  std::error_code error;
  const files::path whole = files::absolute(path, error);
  std::list<files::path> ahead(whole.begin(), whole.end());
  files::path here;
  for (int links = 0; !ahead.empty();) {
    const files::path name = ahead.front();
    ahead.pop_front();
    const files::path next = here / name;
    if (ahead.empty()) folders.insert(here.string());
    if (!files::is_symlink(next, error) || ++links > links_max) {
      here = name == ".." ? here.parent_path() : next;
      continue;
    }
    folders.insert(here.string());
    const files::path target = files::read_symlink(next, error);
    ahead.insert(ahead.begin(), target.begin(), target.end());
    if (target.is_absolute()) here.clear();
  }
  return folders;
}

FileWatch::FileWatch(std::vector<std::string> paths)
    : paths_(std::move(paths)), descriptor_(inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
  if (descriptor_ < 0) throw std::system_error(errno, std::generic_category(), "inotify_init1");
}

FileWatch::~FileWatch() { close(descriptor_); }

bool FileWatch::drain() {
  alignas(inotify_event) std::array<char, 4096> buffer;
  bool had_any = false;
  while (::read(descriptor_, buffer.data(), buffer.size()) > 0) had_any = true;
  return had_any;
}

void FileWatch::refresh() {
  std::map<std::string, int> now;
  for (const std::string& path : paths_) {
    for (const std::string& folder : folders_deciding(path)) {
      // The same folder under another name, or again, gives the same number. One that cannot be watched is left to
      // whoever looks at the fingerprint from time to time.
      const int number = inotify_add_watch(descriptor_, folder.c_str(), events);
      if (number >= 0) now[folder] = number;
    }
  }
  const auto is_wanted = [&now](int number) {
    return std::ranges::any_of(now, [number](const auto& entry) { return entry.second == number; });
  };
  for (const auto& [folder, number] : watched_) {
    if (!is_wanted(number)) inotify_rm_watch(descriptor_, number);
  }
  watched_ = std::move(now);
}

std::string FileWatch::fingerprint() const {
  std::string all;
  for (const std::string& path : paths_) {
    struct stat one {};
    if (stat(path.c_str(), &one) != 0) {
      all += "none;";
      continue;
    }
    for (const auto number :
         {std::uint64_t{one.st_dev}, std::uint64_t{one.st_ino}, static_cast<std::uint64_t>(one.st_size),
          static_cast<std::uint64_t>(one.st_mtim.tv_sec), static_cast<std::uint64_t>(one.st_mtim.tv_nsec),
          static_cast<std::uint64_t>(one.st_ctim.tv_sec), static_cast<std::uint64_t>(one.st_ctim.tv_nsec)}) {
      all += std::to_string(number) + ' ';
    }
    all += ';';
  }
  return all;
}

}  // namespace sluice::base
