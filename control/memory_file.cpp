#include "control/memory_file.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace sluice::control {
namespace {

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

}  // namespace

MemoryFile::MemoryFile() : descriptor_(memfd_create("sluice", MFD_CLOEXEC)) {
  if (descriptor_ < 0) fail("memfd_create");
  path_ = "/proc/self/fd/" + std::to_string(descriptor_);
}

MemoryFile::~MemoryFile() { close(descriptor_); }

void MemoryFile::write(std::string_view content) {
  for (std::size_t done = 0; done < content.size();) {
    const ssize_t written = pwrite(descriptor_, content.data() + done, content.size() - done, static_cast<off_t>(done));
    if (written < 0 && errno != EINTR) fail("cannot write to memory");
    if (written > 0) done += static_cast<std::size_t>(written);
  }
  if (ftruncate(descriptor_, static_cast<off_t>(content.size())) != 0) fail("cannot cut a file in memory");
}

}  // namespace sluice::control
