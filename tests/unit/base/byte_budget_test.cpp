#include "base/byte_budget.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <thread>
#include <vector>

namespace sluice::base {
namespace {

TEST(ByteBudget, GivesUpToItsBoundAndNoMore) {
  ByteBudget budget(100);
  EXPECT_TRUE(budget.try_take(99));
  EXPECT_FALSE(budget.try_take(2));
  EXPECT_EQ(budget.used(), 99u);
  EXPECT_TRUE(budget.try_take(1));
  EXPECT_FALSE(budget.try_take(1));
  EXPECT_FALSE(budget.is_over());
}

TEST(ByteBudget, RefusesWhatWouldOverflow) {
  constexpr std::size_t most = std::numeric_limits<std::size_t>::max();
  ByteBudget budget(100);
  EXPECT_TRUE(budget.try_take(50));
  EXPECT_FALSE(budget.try_take(most));
  EXPECT_FALSE(budget.try_take(most - 10));
  EXPECT_EQ(budget.used(), 50u);
}

TEST(ByteBudget, SaysWhenMoreWasTakenThanItHas) {
  ByteBudget budget(100);
  budget.take(101);
  EXPECT_TRUE(budget.is_over());
  EXPECT_FALSE(budget.try_take(0));
  budget.give_back(1);
  EXPECT_FALSE(budget.is_over());
  EXPECT_TRUE(budget.try_take(0));
}

// Takes and gives back; what this thread has in the end.
void take_turns(ByteBudget& budget, std::size_t& mine) {
  for (int turn = 0; turn < 10000; ++turn) {
    if (budget.try_take(3)) mine += 3;
    if (turn % 2 == 0 && mine > 0) {
      budget.give_back(3);
      mine -= 3;
    }
    ASSERT_LE(budget.used(), 1000u);
  }
}

TEST(ByteBudget, ManyThreadsTogetherTakeNoMoreThanItHas) {
  ByteBudget budget(1000);
  std::vector<std::size_t> taken(4);
  std::vector<std::thread> threads;
  threads.reserve(taken.size());
  for (std::size_t& mine : taken) threads.emplace_back([&budget, &mine] { take_turns(budget, mine); });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(budget.used(), taken[0] + taken[1] + taken[2] + taken[3]);
}

}  // namespace
}  // namespace sluice::base
