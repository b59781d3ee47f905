#pragma once
// Fetches a small document by HTTP or HTTPS.

#include <chrono>
#include <string>

#include "base/result.hpp"

namespace sluice::identity {

// The body of a 200. Follows no redirect, takes at most `bytes_max`, waits at most `patience`. Errc::unavailable says
// what went wrong.
base::Result<std::string> fetch(const std::string& url, std::size_t bytes_max, std::chrono::milliseconds patience);

}  // namespace sluice::identity
