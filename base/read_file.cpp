#include "base/read_file.hpp"

#include <cerrno>
#include <fstream>
#include <system_error>

namespace sluice::base {

Result<std::string> read_file(const std::string& path, std::size_t bytes_max) {
  std::string text(bytes_max + 1, '\0');
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (file) file.read(text.data(), static_cast<std::streamsize>(text.size()));
  // A directory opens but cannot be read.
  if (!file.is_open() || file.bad() || errno != 0) {
    return fail(Errc::not_found, path + ": cannot be read: " + std::generic_category().message(errno));
  }
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > bytes_max) {
    const bool is_whole = bytes_max % (std::size_t{1} << 20) == 0;
    const std::string bound = std::to_string(bytes_max >> (is_whole ? 20 : 10)) + (is_whole ? " MiB" : " KiB");
    return fail(Errc::too_large, path + ": is larger than " + bound);
  }
  text.shrink_to_fit();
  return text;
}

}  // namespace sluice::base
