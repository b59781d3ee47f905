#include "bench/load/histogram.hpp"

#include <algorithm>

namespace sluice::bench {

void Histogram::merge(const Histogram& other) {
  for (std::size_t at = 0; at < buckets_.size(); ++at) buckets_[at] += other.buckets_[at];
  count_ += other.count_;
  max_ = std::max(max_, other.max_);
}

double Histogram::quantile_us(double share) const {
  if (count_ == 0) return 0;
  const auto rank = static_cast<std::uint64_t>(share * static_cast<double>(count_));
  std::uint64_t seen = 0;
  for (std::size_t at = 0; at < buckets_.size(); ++at) {
    seen += buckets_[at];
    if (seen > rank) return static_cast<double>(floor_of(at)) / 1e3;
  }
  return max_us();
}

}  // namespace sluice::bench
