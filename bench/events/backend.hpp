#pragma once
// A backend that does nothing but hear messages and acknowledge them.

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

namespace sluice::bench {

struct Heard {
  std::uint64_t messages = 0, responses = 0;
  double seconds = 0;
  std::vector<std::uint64_t> nanoseconds;  // from a message's writing to its hearing; a sample of them
};

// Attaches to `address`; counts from `begins` until `stops`. Throws std::runtime_error if it cannot.
Heard run_backend(const std::string& address, const std::atomic<bool>& begins, const std::atomic<bool>& stops,
                  std::atomic<bool>& is_attached);

}  // namespace sluice::bench
