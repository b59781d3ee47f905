#include "base/pattern.hpp"

#include <gtest/gtest.h>

namespace sluice::base {
namespace {

TEST(Pattern, StandsForItselfWithoutAStar) {
  EXPECT_TRUE(matches_pattern("/chat", "/chat"));
  EXPECT_FALSE(matches_pattern("/chat", "/chats"));
  EXPECT_FALSE(matches_pattern("/chat", "/cha"));
  EXPECT_TRUE(matches_pattern("", ""));
  EXPECT_FALSE(matches_pattern("", "a"));
}

TEST(Pattern, AStarStandsForAnyRun) {
  EXPECT_TRUE(matches_pattern("*", ""));
  EXPECT_TRUE(matches_pattern("*", "anything"));
  EXPECT_TRUE(matches_pattern("/t-*", "/t-"));
  EXPECT_TRUE(matches_pattern("/t-*", "/t-7"));
  EXPECT_FALSE(matches_pattern("/t-*", "/t"));
  EXPECT_TRUE(matches_pattern("a*b*c", "aXbbYc"));
  EXPECT_TRUE(matches_pattern("a*b*c", "abc"));
  EXPECT_FALSE(matches_pattern("a*b*c", "acb"));
  EXPECT_TRUE(matches_pattern("*ab", "aab"));
  EXPECT_TRUE(matches_pattern("a**", "a"));
  EXPECT_FALSE(matches_pattern("*a", "ab"));
}

TEST(Pattern, ManyStarsTakeNoLongerThanTheProduct) {
  const std::string name(10'000, 'a');
  EXPECT_FALSE(matches_pattern("*a*a*a*a*a*a*a*a*b", name));
}

TEST(Pattern, FitsAnyOfSeveral) {
  EXPECT_TRUE(matches_any_pattern({"/chat", "room-*"}, "room-1"));
  EXPECT_FALSE(matches_any_pattern({"/chat", "room-*"}, "hall-1"));
  EXPECT_FALSE(matches_any_pattern({}, ""));
}

}  // namespace
}  // namespace sluice::base
