#include "workers/places.hpp"

#include <gtest/gtest.h>

namespace sluice::workers {
namespace {

TEST(Places, APlaceThatNobodyCameForIsNoConnection) {
  Places places(2);
  ASSERT_TRUE(places.try_take());
  places.occupy();
  ASSERT_TRUE(places.try_take());
  EXPECT_EQ(places.occupied(), 1u);
  EXPECT_FALSE(places.try_take());
  places.give_back();
  EXPECT_TRUE(places.try_take());
}

TEST(Places, WhoLeavesMakesRoom) {
  Places places(1);
  ASSERT_TRUE(places.try_take());
  places.occupy();
  EXPECT_FALSE(places.try_take());
  places.leave();
  EXPECT_EQ(places.occupied(), 0u);
  EXPECT_TRUE(places.try_take());
}

}  // namespace
}  // namespace sluice::workers
