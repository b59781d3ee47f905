#include "base/token_bucket.hpp"

#include <gtest/gtest.h>

namespace sluice::base {
namespace {

using std::chrono::milliseconds;

TEST(TokenBucket, GivesASecondsWorthAtOnceAndThenAtItsRate) {
  TokenBucket bucket;
  TimePoint now{std::chrono::hours(1)};
  for (int count = 0; count < 10; ++count) {
    EXPECT_TRUE(bucket.has_some(now, 10));
    bucket.take(1);
  }
  EXPECT_FALSE(bucket.has_some(now, 10));
  now += milliseconds(101);
  EXPECT_TRUE(bucket.has_some(now, 10));
  bucket.take(1);
}

TEST(TokenBucket, WhatIsOwedIsWaitedFor) {
  TokenBucket bucket;
  TimePoint now{std::chrono::hours(1)};
  EXPECT_TRUE(bucket.has_some(now, 100));
  bucket.take(150);
  EXPECT_EQ(bucket.owed(100), milliseconds(500));
  EXPECT_FALSE(bucket.has_some(now + milliseconds(400), 100));
  EXPECT_TRUE(bucket.has_some(now + milliseconds(600), 100));
  EXPECT_EQ(bucket.owed(100), Duration::zero());
}

TEST(TokenBucket, ARestLongerThanASecondGivesNoMore) {
  TokenBucket bucket;
  const TimePoint now{std::chrono::hours(1)};
  EXPECT_TRUE(bucket.has_some(now, 2));
  bucket.take(2);
  EXPECT_FALSE(bucket.is_full(now, 2));
  EXPECT_TRUE(bucket.is_full(now + milliseconds(1001), 2));
  EXPECT_TRUE(bucket.has_some(now + std::chrono::hours(1), 2));
  bucket.take(2);
  EXPECT_FALSE(bucket.has_some(now + std::chrono::hours(1), 2));
}

}  // namespace
}  // namespace sluice::base
