#include "base/log_limit.hpp"

#include <gtest/gtest.h>

namespace sluice::base {
namespace {

constexpr Duration second = std::chrono::seconds(1);
const TimePoint start = TimePoint{} + std::chrono::hours(1);

TEST(LogLimit, LetsItsNumberOfLinesThroughInAWindow) {
  LogLimit limit(2, second);
  EXPECT_TRUE(limit.allows(start));
  EXPECT_TRUE(limit.allows(start));
  EXPECT_FALSE(limit.allows(start));
  EXPECT_FALSE(limit.allows(start + second - Duration(1)));
  EXPECT_TRUE(limit.allows(start + second));
}

TEST(LogLimit, CountsWhatItHeldBackUntilAsked) {
  LogLimit limit(1, second);
  EXPECT_TRUE(limit.allows(start));
  EXPECT_EQ(limit.take_suppressed(), 0u);
  EXPECT_FALSE(limit.allows(start));
  EXPECT_FALSE(limit.allows(start));
  EXPECT_TRUE(limit.allows(start + second));
  EXPECT_EQ(limit.take_suppressed(), 2u);
  EXPECT_EQ(limit.take_suppressed(), 0u);
}

TEST(LogLimit, AWindowBeginsWithItsFirstLine) {
  LogLimit limit(1, second);
  EXPECT_TRUE(limit.allows(start));
  EXPECT_TRUE(limit.allows(start + 5 * second));
  EXPECT_FALSE(limit.allows(start + 5 * second + second / 2));
  EXPECT_TRUE(limit.allows(start + 6 * second));
}

}  // namespace
}  // namespace sluice::base
