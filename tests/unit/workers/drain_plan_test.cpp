#include "workers/drain_plan.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace sluice::workers {
namespace {

using std::chrono::milliseconds;
const base::TimePoint start = base::TimePoint{} + std::chrono::hours(1);

DrainPlan plan(std::uint32_t count, base::Duration over, std::uint32_t seed = 1) {
  std::vector<DrainPlan::Item> items;
  for (std::uint32_t slot = 0; slot < count; ++slot) items.push_back({slot, 1});
  std::mt19937_64 random(seed);
  DrainWish wish{.over = std::chrono::duration_cast<milliseconds>(over),
                 .ending = {EndReason::draining, 1001, "going away"}};
  return {std::move(items), start, std::move(wish), random};
}

TEST(DrainPlan, EndsEachConnectionOnce) {
  DrainPlan drain = plan(1000, milliseconds(1000));
  std::set<std::uint32_t> slots;
  for (int at = 0; at <= 1000; ++at) {
    while (const auto* item = drain.next_due(start + milliseconds(at))) EXPECT_TRUE(slots.insert(item->slot).second);
  }
  EXPECT_EQ(slots.size(), 1000u);
}

TEST(DrainPlan, SpreadsThemEvenly) {
  DrainPlan drain = plan(1000, milliseconds(1000));
  int ended = 0;
  for (int at = 0; at <= 1000; ++at) {
    while (drain.next_due(start + milliseconds(at)) != nullptr) ++ended;
    EXPECT_NEAR(ended, at, 1.5) << at;
  }
}

TEST(DrainPlan, TakesThemInAnOrderOfChanceWithJitter) {
  DrainPlan one = plan(50, milliseconds(1000), 1), other = plan(50, milliseconds(1000), 2);
  EXPECT_NE(one.wakes_at(start), other.wakes_at(start));
  std::vector<std::uint32_t> first, second;
  while (const auto* item = one.next_due(start + milliseconds(1000))) first.push_back(item->slot);
  while (const auto* item = other.next_due(start + milliseconds(1000))) second.push_back(item->slot);
  EXPECT_NE(first, second);
}

TEST(DrainPlan, WakesAtTheMomentOfTheNextOneAndAtItsEnd) {
  DrainPlan drain = plan(20, milliseconds(100));
  for (int count = 0; count < 20; ++count) {
    const base::TimePoint moment = drain.wakes_at(start);
    EXPECT_EQ(drain.next_due(moment - base::Duration(1)), nullptr);
    EXPECT_NE(drain.next_due(moment), nullptr);
  }
  EXPECT_EQ(drain.wakes_at(start), start + milliseconds(100));
  EXPECT_FALSE(drain.is_over(drain.wakes_at(start) - base::Duration(1)));
  EXPECT_TRUE(drain.is_over(drain.wakes_at(start)));
}

TEST(DrainPlan, WithoutTimeAllAreDueAtOnce) {
  DrainPlan drain = plan(10, milliseconds(0));
  int ended = 0;
  while (drain.next_due(start) != nullptr) ++ended;
  EXPECT_EQ(ended, 10);
  EXPECT_TRUE(drain.is_over(start));
}

TEST(DrainPlan, WithoutConnectionsWaitsForThoseThatCome) {
  DrainPlan drain = plan(0, milliseconds(100));
  EXPECT_EQ(drain.next_due(start), nullptr);
  EXPECT_FALSE(drain.is_over(start));
  EXPECT_EQ(drain.wakes_at(start), start + milliseconds(100));
  std::mt19937_64 random(1);
  EXPECT_EQ(drain.ending(random).close_code, 1001);
  EXPECT_EQ(drain.ending(random).returns_after.count(), 0);
}

TEST(DrainPlan, TakesThemByTheirRankAndThoseOfOneRankByChance) {
  std::vector<DrainPlan::Item> items;
  for (std::uint32_t slot = 0; slot < 100; ++slot) items.push_back({slot, 1, slot < 50 ? 7 : -7});
  std::mt19937_64 random(1);
  DrainPlan drain(std::move(items), start, {.over = milliseconds(0), .ending = {}}, random);
  std::vector<std::uint32_t> slots;
  while (const auto* item = drain.next_due(start)) slots.push_back(item->slot);
  ASSERT_EQ(slots.size(), 100u);
  EXPECT_TRUE(std::all_of(slots.begin(), slots.begin() + 50, [](std::uint32_t slot) { return slot >= 50; }));
  EXPECT_FALSE(std::is_sorted(slots.begin() + 50, slots.end()));
}

TEST(DrainPlan, ItsEndIsTakenOnceAndItsDeadlineComesBehindIt) {
  std::mt19937_64 random(1);
  DrainPlan drain({}, start, {.over = milliseconds(100), .deadline = milliseconds(300), .ending = {}}, random);
  EXPECT_FALSE(drain.take_end(start + milliseconds(99)));
  EXPECT_TRUE(drain.take_end(start + milliseconds(100)));
  EXPECT_FALSE(drain.take_end(start + milliseconds(101)));
  EXPECT_FALSE(drain.is_done(start + milliseconds(101)));
  EXPECT_EQ(drain.wakes_at(start + milliseconds(101)), start + milliseconds(300));
  EXPECT_FALSE(drain.is_overdue(start + milliseconds(299)));
  EXPECT_TRUE(drain.is_overdue(start + milliseconds(300)));
  EXPECT_TRUE(drain.is_done(start + milliseconds(300)));
}

TEST(DrainPlan, TellsEachClientAnotherTimeToComeBack) {
  std::mt19937_64 random(1);
  const DrainPlan drain({}, start, {.ending = {}, .return_within = milliseconds(2000)}, random);
  std::set<std::chrono::milliseconds::rep> times;
  for (int count = 0; count < 200; ++count) times.insert(drain.ending(random).returns_after.count());
  EXPECT_GE(*times.begin(), 1);
  EXPECT_LE(*times.rbegin(), 2000);
  EXPECT_GT(*times.rbegin() - *times.begin(), 1500);
}

}  // namespace
}  // namespace sluice::workers
