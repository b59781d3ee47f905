#pragma once
// The monotonic clock in nanoseconds, the unit of every time in this program.

#include <ctime>

#include <cstdint>

namespace sluice::bench {

using Nanoseconds = std::uint64_t;

inline Nanoseconds read_clock(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return static_cast<Nanoseconds>(time.tv_sec) * 1'000'000'000 + static_cast<Nanoseconds>(time.tv_nsec);
}

inline Nanoseconds now() { return read_clock(CLOCK_MONOTONIC); }
// What this thread has used of a core so far.
inline Nanoseconds thread_cpu() { return read_clock(CLOCK_THREAD_CPUTIME_ID); }

inline Nanoseconds from_seconds(double seconds) { return static_cast<Nanoseconds>(seconds * 1e9); }
inline double to_seconds(Nanoseconds time) { return static_cast<double>(time) / 1e9; }

}  // namespace sluice::bench
