#include "workers/timer_wheel.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace sluice::workers {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using Slots = std::vector<std::uint32_t>;

const base::TimePoint start = base::TimePoint{} + hours(1) + microseconds(123);
constexpr base::Duration tick = TimerWheel::tick;

Slots expire(TimerWheel& wheel, base::TimePoint now) {
  Slots fired;
  wheel.expire(now, [&fired](std::uint32_t slot) { fired.push_back(slot); });
  return fired;
}

TEST(TimerWheel, FiresNeverEarlyAndAtMostOneTickLate) {
  for (int wait = 0; wait < 3000; wait += 7) {
    TimerWheel wheel(start);
    const base::TimePoint deadline = start + milliseconds(wait) + microseconds(wait % 1000);
    wheel.arm(0, deadline);
    if (wait > 0) {
      ASSERT_EQ(expire(wheel, deadline - base::Duration(1)), Slots{}) << wait;
    }
    ASSERT_EQ(expire(wheel, deadline + tick), Slots{0}) << wait;
    ASSERT_FALSE(wheel.is_armed(0));
  }
}

TEST(TimerWheel, WhatHasPassedFiresAtTheNextTick) {
  TimerWheel wheel(start);
  EXPECT_EQ(expire(wheel, start + hours(1)), Slots{});
  wheel.arm(3, start);
  EXPECT_EQ(expire(wheel, start + hours(1)), Slots{});
  EXPECT_EQ(expire(wheel, start + hours(1) + tick), Slots{3});
}

TEST(TimerWheel, MovesADeadlineBothWays) {
  TimerWheel wheel(start);
  wheel.arm(0, start + milliseconds(100));
  wheel.arm(0, start + milliseconds(500));
  EXPECT_EQ(expire(wheel, start + milliseconds(200)), Slots{});
  wheel.arm(0, start + milliseconds(300));
  EXPECT_EQ(expire(wheel, start + milliseconds(304)), Slots{0});
  EXPECT_EQ(expire(wheel, start + milliseconds(600)), Slots{});
}

TEST(TimerWheel, ForgetsADeadline) {
  TimerWheel wheel(start);
  wheel.arm(0, start + milliseconds(20));
  wheel.arm(1, start + milliseconds(20));
  wheel.disarm(0);
  wheel.disarm(0);
  wheel.disarm(77);
  EXPECT_FALSE(wheel.is_armed(0));
  EXPECT_TRUE(wheel.is_armed(1));
  EXPECT_EQ(expire(wheel, start + milliseconds(24)), Slots{1});
  EXPECT_EQ(wheel.next(), std::nullopt);
}

TEST(TimerWheel, FiresTheEarliestTickFirst) {
  TimerWheel wheel(start);
  const std::vector<int> waits{5000, 20, 900, 3, 70'000, 300, 1030};
  for (std::uint32_t slot = 0; slot < waits.size(); ++slot) wheel.arm(slot, start + milliseconds(waits[slot]));
  EXPECT_EQ(expire(wheel, start + hours(1)), (Slots{3, 1, 5, 2, 6, 0, 4}));
}

TEST(TimerWheel, AHandlerMayArmItsSlotAnew) {
  TimerWheel wheel(start);
  wheel.arm(0, start + milliseconds(20));
  int fired = 0;
  const auto again = [&](std::uint32_t slot) {
    EXPECT_FALSE(wheel.is_armed(slot));
    ++fired;
    wheel.arm(slot, start + milliseconds(20));
  };
  wheel.expire(start + milliseconds(20), again);
  EXPECT_EQ(fired, 1);
  wheel.expire(start + milliseconds(24), again);
  EXPECT_EQ(fired, 2);
}

TEST(TimerWheel, AHandlerMayDisarmOrMoveThoseThatAreDueToo) {
  TimerWheel wheel(start);
  for (std::uint32_t slot = 0; slot < 3; ++slot) wheel.arm(slot, start + milliseconds(4 * (slot + 1)));
  Slots fired;
  wheel.expire(start + milliseconds(100), [&](std::uint32_t slot) {
    fired.push_back(slot);
    wheel.disarm(1);
    wheel.arm(2, start + milliseconds(200));
  });
  EXPECT_EQ(fired, Slots{0});
  EXPECT_EQ(expire(wheel, start + milliseconds(200)), Slots{2});
}

TEST(TimerWheel, FarDeadlinesComeDownThroughAllLevels) {
  const std::vector<base::Duration> waits{
      tick * 255,    tick * 256,        tick * 257,        tick * 65'535,     tick * 65'536,
      tick * 65'537, tick * 16'777'215, tick * 16'777'216, tick * 16'777'217, tick * 16'777'216 + tick * 300,
      hours(24)};
  TimerWheel wheel(start);
  for (std::uint32_t slot = 0; slot < waits.size(); ++slot) wheel.arm(slot, start + waits[slot]);
  std::map<std::uint32_t, base::TimePoint> fired;
  int looks = 0;
  while (const auto next = wheel.next()) {
    ASSERT_LT(++looks, 100'000);
    wheel.expire(*next, [&](std::uint32_t slot) { fired[slot] = *next; });
  }
  for (std::uint32_t slot = 0; slot < waits.size(); ++slot) {
    EXPECT_GE(fired[slot], start + waits[slot]) << slot;
    EXPECT_LE(fired[slot], start + waits[slot] + tick) << slot;
  }
}

TEST(TimerWheel, SaysNothingIsNextWhenNothingIsArmed) {
  TimerWheel wheel(start);
  EXPECT_EQ(wheel.next(), std::nullopt);
  wheel.arm(9, start + milliseconds(10));
  EXPECT_EQ(wheel.next(), start + milliseconds(12));
}

// 2^32 ticks of 4 ms are 198 days.
TEST(TimerWheel, KeepsTimeWhenItsTicksOutgrowThirtyTwoBits) {
  TimerWheel wheel(start);
  const base::TimePoint wrap = start + tick * (std::int64_t{1} << 32);
  base::TimePoint now = wrap - tick * 1000;
  EXPECT_EQ(expire(wheel, now), Slots{});
  for (std::uint32_t slot = 0; slot < 20; ++slot) wheel.arm(slot, now + tick * (100 * slot + 1));
  for (std::uint32_t slot = 0; slot < 20; ++slot) {
    const base::TimePoint deadline = now + tick * (100 * slot + 1);
    ASSERT_EQ(expire(wheel, deadline - base::Duration(1)), Slots{}) << slot;
    ASSERT_GT(*wheel.next(), deadline - tick * 101);
    ASSERT_LE(*wheel.next(), deadline);
    ASSERT_EQ(expire(wheel, deadline), Slots{slot});
  }
  wheel.arm(0, start);
  EXPECT_EQ(expire(wheel, wrap + tick * 1000), Slots{0});
}

TEST(TimerWheel, WhatIsFurtherAwayThanItCanTellWaitsAsLongAsItCan) {
  TimerWheel wheel(start);
  wheel.arm(0, start + hours(24 * 3650));
  EXPECT_EQ(expire(wheel, start + hours(1)), Slots{});
  EXPECT_TRUE(wheel.is_armed(0));
}

// The wheel against a map of deadlines.
class Model {
 public:
  explicit Model(std::uint32_t seed) : random_(seed) {}

  void step() {
    const auto slot = static_cast<std::uint32_t>(random_() % 50);
    switch (random_() % 4) {
      case 0:
        wheel_.disarm(slot);
        deadlines_.erase(slot);
        return;
      case 1:
        return advance();
      default:
        const base::TimePoint deadline = now_ + some_wait() - milliseconds(random_() % 10);
        wheel_.arm(slot, deadline);
        deadlines_[slot] = std::max(deadline, now_);
    }
  }

 private:
  // Short as a rule, and sometimes as long as a coarse level.
  base::Duration some_wait() {
    constexpr std::array<std::uint64_t, 4> most{50, 2'000, 300'000, 80'000'000};
    const std::uint64_t level = random_() % 100;
    return microseconds(random_() % (most[level < 60                         ? 0
                                          : level < 90                       ? 1
                                          : level < 99 || random_() % 4 != 0 ? 2
                                                                             : 3] *
                                     1000));
  }
  void advance() {
    const auto next = wheel_.next();
    ASSERT_EQ(next.has_value(), !deadlines_.empty());
    for (const auto& [slot, deadline] : deadlines_) ASSERT_LE(*next, deadline + tick);
    // To the moment that the wheel named, to just before it, or anywhere.
    const std::uint64_t how = random_() % 3;
    if (how == 0 && next) {
      now_ = std::max(now_, *next);
    } else if (how == 1 && next) {
      now_ = std::max(now_, *next - base::Duration(1));
    } else {
      now_ += some_wait();
    }
    wheel_.expire(now_, [this](std::uint32_t slot) {
      ASSERT_TRUE(deadlines_.contains(slot));
      ASSERT_LE(deadlines_[slot], now_);
      deadlines_.erase(slot);
    });
    for (const auto& [slot, deadline] : deadlines_) {
      ASSERT_GT(deadline + tick, now_);
      ASSERT_TRUE(wheel_.is_armed(slot));
    }
  }

  std::mt19937_64 random_;
  base::TimePoint now_ = start;
  TimerWheel wheel_{start};
  std::map<std::uint32_t, base::TimePoint> deadlines_;
};

TEST(TimerWheelModel, AgreesOverRandomSteps) {
  for (std::uint32_t seed = 1; seed <= 5; ++seed) {
    SCOPED_TRACE(seed);
    Model model(seed);
    for (int step = 0; step < 3000 && !testing::Test::HasFatalFailure(); ++step) model.step();
  }
}

}  // namespace
}  // namespace sluice::workers
