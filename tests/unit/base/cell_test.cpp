#include "base/cell.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace sluice::base {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

// The only bucket that holds something, or -1.
int only_bucket(const LatencyCell& cell) {
  int found = -1;
  for (std::size_t at = 0; at <= latency_bounds.size(); ++at) {
    if (cell.count(at) == 0) continue;
    if (found >= 0) return -1;
    found = static_cast<int>(at);
  }
  return found;
}

int bucket_of(nanoseconds took) {
  LatencyCell cell;
  cell.observe(took);
  return only_bucket(cell);
}

TEST(Cell, Counts) {
  Cell cell;
  EXPECT_EQ(cell.read(), 0u);
  cell.add();
  cell.add(5);
  cell.subtract(2);
  EXPECT_EQ(cell.read(), 4u);
  cell.set(9);
  EXPECT_EQ(cell.read(), 9u);
}

TEST(Cell, AnotherThreadNeverSeesItGoBack) {
  Cell cell;
  std::thread reader([&cell] {
    for (std::uint64_t last = 0; last < 10000;) {
      const std::uint64_t now = cell.read();
      ASSERT_GE(now, last);
      last = now;
    }
  });
  for (int turn = 0; turn < 10000; ++turn) cell.add();
  reader.join();
}

TEST(LatencyCell, ABoundBelongsToItsOwnBucket) {
  EXPECT_EQ(bucket_of(nanoseconds(0)), 0);
  EXPECT_EQ(bucket_of(microseconds(50)), 0);
  EXPECT_EQ(bucket_of(microseconds(50) + nanoseconds(1)), 1);
  EXPECT_EQ(bucket_of(milliseconds(1)), 4);
  EXPECT_EQ(bucket_of(seconds(10)), 15);
}

TEST(LatencyCell, WhatIsOverTheLastBoundIsInTheLastBucket) {
  EXPECT_EQ(bucket_of(seconds(10) + nanoseconds(1)), 16);
  EXPECT_EQ(bucket_of(std::chrono::hours(1)), 16);
}

TEST(LatencyCell, SumsAndCountsTimes) {
  LatencyCell cell;
  cell.observe(milliseconds(2), 3);
  EXPECT_EQ(cell.count(5), 3u);
  EXPECT_DOUBLE_EQ(cell.sum_seconds(), 0.006);
}

TEST(LatencyCell, AClockThatWentBackCountsAsNothing) {
  LatencyCell cell;
  cell.observe(nanoseconds(-5));
  EXPECT_EQ(only_bucket(cell), 0);
  EXPECT_DOUBLE_EQ(cell.sum_seconds(), 0);
}

TEST(LatencyCell, BoundsRise) { EXPECT_TRUE(std::is_sorted(latency_bounds.begin(), latency_bounds.end())); }

}  // namespace
}  // namespace sluice::base
