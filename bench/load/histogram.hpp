#pragma once
// Histogram: times in buckets that grow with the value, 32 to each doubling, so a quantile is right within 3 %.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "bench/load/clock.hpp"

namespace sluice::bench {

class Histogram {
 public:
  Histogram() : buckets_(64 * per_doubling) {}

  void add(Nanoseconds value) {
    ++buckets_[bucket_of(value)];
    ++count_;
    if (value > max_) max_ = value;
  }
  void merge(const Histogram& other);
  void clear() { *this = Histogram(); }

  std::uint64_t count() const { return count_; }
  // `share` is between 0 and 1; 0 if nothing was added.
  double quantile_us(double share) const;
  double max_us() const { return static_cast<double>(max_) / 1e3; }

 private:
  static constexpr std::size_t per_doubling = 32;
  static std::size_t bucket_of(Nanoseconds value) {
    if (value < per_doubling) return value;
    const auto exponent = static_cast<std::size_t>(63 - std::countl_zero(value));
    return (exponent - 4) * per_doubling + ((value >> (exponent - 5)) & (per_doubling - 1));
  }
  static Nanoseconds floor_of(std::size_t bucket) {
    if (bucket < per_doubling) return bucket;
    return (per_doubling + bucket % per_doubling) << (bucket / per_doubling - 1);
  }

  std::vector<std::uint64_t> buckets_;
  std::uint64_t count_ = 0;
  Nanoseconds max_ = 0;
};

}  // namespace sluice::bench
