#include "overload/grading.hpp"

#include <gtest/gtest.h>

namespace sluice::overload {
namespace {

using namespace std::chrono_literals;

Pressures memory_at(double pressure) { return {pressure, 0, 0, 0}; }
Pressures lag_at(double pressure) { return {0, 0, pressure, 0}; }
Pressures files_at(double pressure) { return {0, 0, 0, pressure}; }

class GradingTest : public testing::Test {
 protected:
  // Takes the same pressures every 100 ms for a while; gives the names of what began and ended.
  std::string take(const Pressures& pressures, base::Duration during) {
    std::string changes;
    for (const base::TimePoint end = now_ + during; now_ < end; now_ += 100ms) {
      if (const auto change = grading_.take(pressures, now_)) {
        changes.append(change->has_begun ? "+" : "-").append(name_of(change->action)).append(" ");
      }
    }
    return changes;
  }

  Grading grading_{0.75};
  base::TimePoint now_{1h};
};

TEST_F(GradingTest, BelowTheFirstBeginningNothingIsDone) {
  EXPECT_EQ(take(memory_at(0.749), 10s), "");
  EXPECT_FALSE(grading_.is_any_on());
}

TEST_F(GradingTest, ActionsBeginFromTheMildestOnEvenIfAllIsUsedAtOnce) {
  EXPECT_EQ(take(memory_at(1.5), 1s), "+pause_reads +shorten_timeouts +drop_volatile +refuse_clients +close_outboxes ");
  for (std::size_t at = 0; at < action_count; ++at) EXPECT_EQ(grading_.permille(static_cast<Action>(at)), 1000u);
}

TEST_F(GradingTest, AtMostOneBeginsAtATime) {
  ASSERT_TRUE(grading_.take(memory_at(1), now_));
  EXPECT_NE(grading_.permille(Action::pause_reads), 0u);
  EXPECT_EQ(grading_.permille(Action::shorten_timeouts), 0u);
}

TEST_F(GradingTest, EachBeginsAtItsOwnPressureAndTheLastAtAHundredPercentLessFive) {
  double before = 0;
  for (std::size_t at = 0; at < action_count; ++at) {
    const auto range = grading_.range_of(static_cast<Action>(at));
    EXPECT_GT(range.begin, before);
    EXPECT_GT(range.full, range.begin);
    EXPECT_LE(range.full, 1.0);
    before = range.begin;
  }
  EXPECT_DOUBLE_EQ(grading_.range_of(Action::pause_reads).begin, 0.75);
  EXPECT_DOUBLE_EQ(grading_.range_of(Action::close_outboxes).begin, 0.95);
}

TEST_F(GradingTest, TheDegreeGrowsWithThePressure) {
  const auto range = grading_.range_of(Action::pause_reads);
  static_cast<void>(take(memory_at(range.begin), 100ms));
  EXPECT_EQ(grading_.permille(Action::pause_reads), 1u);
  static_cast<void>(take(memory_at((range.begin + range.full) / 2), 100ms));
  EXPECT_EQ(grading_.permille(Action::pause_reads), 500u);
}

TEST_F(GradingTest, AnActionEndsWhenThePressureWasClearlyBelowForAWhile) {
  EXPECT_EQ(take(memory_at(0.76), 1s), "+pause_reads ");
  EXPECT_EQ(take(memory_at(0.74), 1min), "") << "not clearly below";
  EXPECT_EQ(grading_.permille(Action::pause_reads), 1u);
  EXPECT_EQ(take(memory_at(0.69), Grading::calm - 100ms), "") << "not for long";
  EXPECT_EQ(take(memory_at(0.69), 200ms), "-pause_reads ");
  EXPECT_FALSE(grading_.is_any_on());
}

TEST_F(GradingTest, OneThatIsPressedAgainMeanwhileGoesOn) {
  EXPECT_EQ(take(memory_at(0.76), 1s), "+pause_reads ");
  for (int times = 0; times < 5; ++times) {
    EXPECT_EQ(take(memory_at(0.6), Grading::calm - 200ms), "");
    EXPECT_EQ(take(memory_at(0.72), 200ms), "");
  }
}

TEST_F(GradingTest, AllEndWhenNothingIsShortAnyMore) {
  static_cast<void>(take(memory_at(1), 1s));
  EXPECT_EQ(take(memory_at(0), 5s), "-close_outboxes -refuse_clients -drop_volatile -shorten_timeouts -pause_reads ");
}

TEST_F(GradingTest, WhatHelpsWithOneResourceIsNotDoneForAnother) {
  EXPECT_EQ(take(lag_at(1), 1s), "+pause_reads +drop_volatile +refuse_clients ");
  EXPECT_EQ(take(Pressures{}, 5s), "-refuse_clients -drop_volatile -pause_reads ");
  EXPECT_EQ(take(files_at(1), 1s), "+shorten_timeouts +refuse_clients ");
}

TEST_F(GradingTest, TheShortestResourceIsNamed) {
  const auto change = grading_.take({0.8, 0.9, 0.1, 0.99}, now_);
  ASSERT_TRUE(change);
  EXPECT_EQ(change->resource, Resource::queued_bytes) << "files are none of pause_reads' business";
  EXPECT_DOUBLE_EQ(change->pressure, 0.9);
}

}  // namespace
}  // namespace sluice::overload
