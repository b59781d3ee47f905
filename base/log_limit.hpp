#pragma once
// LogLimit: keeps what many peers can cause (a malformed frame, a refused origin) from flooding the log.

#include <cstdint>
#include <utility>

#include "base/clock.hpp"

namespace sluice::base {

// Lets a number of lines through in each window of time. Belongs to one thread.
class LogLimit {
 public:
  LogLimit(std::uint32_t lines_max, Duration window) : lines_max_(lines_max), window_(window) {}

  // Whether a line may be written at `now`; counts those that may not.
  bool allows(TimePoint now) {
    if (lines_ == 0 || now - began_ >= window_) {
      began_ = now;
      lines_ = 0;
    }
    if (lines_ >= lines_max_) {
      ++suppressed_;
      return false;
    }
    ++lines_;
    return true;
  }
  // Gives how many lines were held back since the last call; belongs into the next line that is written.
  std::uint64_t take_suppressed() { return std::exchange(suppressed_, 0); }

 private:
  const std::uint32_t lines_max_;
  const Duration window_;
  TimePoint began_{};
  std::uint32_t lines_ = 0;
  std::uint64_t suppressed_ = 0;
};

}  // namespace sluice::base
