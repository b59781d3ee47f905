#pragma once
// TokenBucket: how much may be done a second, with a second's worth at once. Pure; the caller has the clock.

#include <algorithm>
#include <chrono>

#include "base/clock.hpp"

namespace sluice::base {

class TokenBucket {
 public:
  // Fills up by `rate` a second, at most to one second's worth; then says whether there is anything in it.
  bool has_some(TimePoint now, double rate) {
    if (!is_begun_) {
      is_begun_ = true;
      tokens_ = std::max(rate, 1.0);
    } else {
      const double seconds = std::chrono::duration<double>(now - filled_).count();
      tokens_ = std::min(tokens_ + seconds * rate, std::max(rate, 1.0));
    }
    filled_ = now;
    return tokens_ > 0;
  }
  // Takes so much, though it may not be there: what is owed is waited for.
  void take(double amount) { tokens_ -= amount; }
  // After has_some(): how long until nothing is owed.
  Duration owed(double rate) const {
    if (tokens_ >= 0) return Duration::zero();
    return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(-tokens_ / rate));
  }
  // Whether it is as full as can be by then, so that it need not be kept.
  bool is_full(TimePoint now, double rate) const {
    return tokens_ + std::chrono::duration<double>(now - filled_).count() * rate >= std::max(rate, 1.0);
  }

 private:
  double tokens_ = 0;
  TimePoint filled_{};
  bool is_begun_ = false;
};

}  // namespace sluice::base
