#pragma once
// Pacer: when the next message of a steady rate is due. Counts from a fixed start and not from the last message, so
// whoever is late sends what it owes, stamped with the time at which it was due: no coordinated omission.

#include "bench/load/clock.hpp"

namespace sluice::bench {

class Pacer {
 public:
  explicit Pacer(double per_second) : interval_(1e9 / per_second) {}

  // The first message is due at `time`.
  void start(Nanoseconds time) {
    start_ = time;
    count_ = 0;
  }
  bool has_started() const { return start_ != 0; }
  Nanoseconds due() const { return start_ + static_cast<Nanoseconds>(static_cast<double>(count_) * interval_); }
  void advance() { ++count_; }

 private:
  double interval_;
  Nanoseconds start_ = 0;
  std::uint64_t count_ = 0;
};

}  // namespace sluice::bench
