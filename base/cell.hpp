#pragma once
// Cells: numbers that one thread writes and any thread may read, without a lock and without a shared cache line's cost.
// A worker counts in cells of its own; a scrape sums them (control/metrics).

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace sluice::base {

// Holds one number. add() and set() belong to the owner thread; read() to anyone.
class Cell {
 public:
  void add(std::uint64_t n = 1) { value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed); }
  void subtract(std::uint64_t n = 1) {
    value_.store(value_.load(std::memory_order_relaxed) - n, std::memory_order_relaxed);
  }
  void set(std::uint64_t value) { value_.store(value, std::memory_order_relaxed); }
  std::uint64_t read() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

// The upper bounds of every latency histogram, in seconds: 50 µs to 10 s.
inline constexpr std::array<double, 16> latency_bounds{0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01,
                                                       0.025,   0.05,   0.1,     0.25,   0.5,   1.0,    2.5,   10.0};

// Holds a histogram of durations over latency_bounds plus +Inf. Same threads as Cell.
class LatencyCell {
 public:
  void observe(std::chrono::nanoseconds took, std::uint64_t times = 1) {
    const double seconds = std::chrono::duration<double>(took).count();
    const auto at = std::lower_bound(latency_bounds.begin(), latency_bounds.end(), seconds) - latency_bounds.begin();
    counts_[static_cast<std::size_t>(at)].add(times);
    nanoseconds_.add(static_cast<std::uint64_t>(std::max<std::int64_t>(took.count(), 0)) * times);
  }
  // Observations in bucket `at` alone (not cumulative); the last one, latency_bounds.size(), is +Inf.
  std::uint64_t count(std::size_t at) const { return counts_[at].read(); }
  double sum_seconds() const { return static_cast<double>(nanoseconds_.read()) / 1e9; }

 private:
  std::array<Cell, latency_bounds.size() + 1> counts_;
  Cell nanoseconds_;
};

}  // namespace sluice::base
