#pragma once
// MemoryFile: a file without a place on a disk, for those who insist on a path. It has a name in no folder.

#include <string>
#include <string_view>

namespace sluice::control {

class MemoryFile {
 public:
  // Throws std::system_error if the kernel gives none.
  MemoryFile();
  ~MemoryFile();
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  const std::string& path() const { return path_; }
  // Replaces the content. Throws std::system_error if there is no memory.
  void write(std::string_view content);

 private:
  int descriptor_;
  std::string path_;
};

}  // namespace sluice::control
