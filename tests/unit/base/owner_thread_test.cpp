#include "base/owner_thread.hpp"

#include <gtest/gtest.h>

namespace sluice::base {
namespace {

TEST(OwnerThread, AnyThreadMayBuildWhatHasNoOwnerYet) {
  OwnerThread owner;
  owner.check();
  std::thread([&owner] { owner.check(); }).join();
}

TEST(OwnerThread, TheOwnerMayComeBack) {
  OwnerThread owner;
  owner.take();
  owner.check();
}

TEST(OwnerThreadDeathTest, AnotherThreadIsABrokenInvariant) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  OwnerThread owner;
  std::thread([&owner] { owner.take(); }).join();
  EXPECT_DEATH(owner.check(), "broken invariant");
}

}  // namespace
}  // namespace sluice::base
