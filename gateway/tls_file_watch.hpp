#pragma once
// TlsFileWatch: tells that files may have changed, however they are replaced: written in place, renamed over, or by a
// symbolic link anywhere on their path that points elsewhere (a Kubernetes secret). Belongs to one thread.

#include <map>
#include <set>
#include <string>
#include <vector>

namespace sluice::gateway {

class TlsFileWatch {
 public:
  // Files that do not exist are watched for, too. Throws std::system_error if the kernel gives no inotify.
  explicit TlsFileWatch(std::vector<std::string> paths);
  ~TlsFileWatch();
  TlsFileWatch(const TlsFileWatch&) = delete;
  TlsFileWatch& operator=(const TlsFileWatch&) = delete;

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

}  // namespace sluice::gateway
