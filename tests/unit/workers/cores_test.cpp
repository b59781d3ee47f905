#include "workers/cores.hpp"

#include <gtest/gtest.h>
#include <sched.h>

#include <thread>

namespace sluice::workers {
namespace {

TEST(Cores, ThereIsOneAtLeastAndNoMoreThanTheMachineHas) {
  EXPECT_GE(usable_cores(), 1u);
  EXPECT_LE(usable_cores(), std::thread::hardware_concurrency());
}

TEST(Cores, APinnedThreadStaysOnOneCore) {
  std::thread([] {
    ASSERT_TRUE(pin_this_thread(1'000'003));
    cpu_set_t set;
    CPU_ZERO(&set);
    ASSERT_EQ(sched_getaffinity(0, sizeof set, &set), 0);
    EXPECT_EQ(CPU_COUNT(&set), 1);
  }).join();
}

TEST(Cores, BatchSchedulingIsOfTheThreadThatAsksForIt) {
  std::thread([] {
    use_batch_scheduling();
    EXPECT_EQ(sched_getscheduler(0), SCHED_BATCH);
  }).join();
  EXPECT_EQ(sched_getscheduler(0), SCHED_OTHER);
}

}  // namespace
}  // namespace sluice::workers
