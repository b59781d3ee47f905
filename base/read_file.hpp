#pragma once
// read_file: what a small file has: keys, secrets, options.

#include <cstddef>
#include <string>

#include "base/result.hpp"

namespace sluice::base {

// Errc::not_found: it cannot be read, and why; Errc::too_large: it is larger than `bytes_max`, which is whole KiB. The
// sentence begins with the path.
Result<std::string> read_file(const std::string& path, std::size_t bytes_max = std::size_t{1} << 20);

}  // namespace sluice::base
