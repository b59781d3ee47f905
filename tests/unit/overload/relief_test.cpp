#include "overload/relief.hpp"

#include <gtest/gtest.h>

namespace sluice::overload {
namespace {

using namespace std::chrono_literals;

TEST(Relief, NothingIsOnAtFirst) {
  const Relief relief;
  for (std::size_t at = 0; at < action_count; ++at) EXPECT_FALSE(relief.is_on(static_cast<Action>(at)));
  EXPECT_EQ(relief.shortened(10s), base::Duration(10s));
}

TEST(Relief, TimeoutsShrinkToATenthByDegrees) {
  Relief relief;
  relief.set(Action::shorten_timeouts, 500);
  EXPECT_EQ(relief.shortened(10s), base::Duration(5500ms));
  relief.set(Action::shorten_timeouts, 1000);
  EXPECT_EQ(relief.shortened(10s), base::Duration(1s));
}

TEST(Relief, TheLongestTimeoutDoesNotOverflow) {
  Relief relief;
  relief.set(Action::shorten_timeouts, 1000);
  // Longer than any option may be.
  EXPECT_EQ(relief.shortened(24h * 100), base::Duration(24h * 100) / 10);
}

}  // namespace
}  // namespace sluice::overload
