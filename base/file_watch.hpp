#pragma once
// FileWatch: tells that files may have changed, however they are replaced: written in place, renamed over, or by a
// symbolic link anywhere on their path that points elsewhere (a Kubernetes secret). Belongs to one thread.

#include <map>
#include <set>
#include <string>
#include <vector>

namespace sluice::base {

class FileWatch {
 public:
  // Files that do not exist are watched for, too. Throws std::system_error if the kernel gives no inotify.
  explicit FileWatch(std::vector<std::string> paths);
  ~FileWatch();
  FileWatch(const FileWatch&) = delete;
  FileWatch& operator=(const FileWatch&) = delete;

  // Readable when something happened in one of the files' folders.
  int descriptor() const { return descriptor_; }
  // Forgets what has happened; true if anything had.
  bool drain();
  // Watches the folders that the paths lead through now. To be called before fingerprint(), or a change between the two
  // would be missed.
  void refresh();
  // Names the files' present content without reading it: another file, size or time makes another text.
  std::string fingerprint() const;

 private:
  const std::vector<std::string> paths_;
  int descriptor_;
  std::map<std::string, int> watched_;  // folder -> inotify's number of it
};

// Gives every folder whose entries decide which file `path` is: its own, and those of the symbolic links on the way.
std::set<std::string> folders_deciding(const std::string& path);

}  // namespace sluice::base
