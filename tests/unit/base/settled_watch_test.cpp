#include "base/settled_watch.hpp"

#include <gtest/gtest.h>
#include <poll.h>

#include <filesystem>

#include "tests/unit/base/test_folder.hpp"

namespace sluice::base {
namespace {

using namespace std::chrono_literals;

// Time is the test's own; only that something happened is the kernel's to say.
class SettledWatchTest : public testing::Test {
 protected:
  SettledWatchTest() { folder_.write("a", "one"); }

  static void hear(const SettledWatch& watch) {
    pollfd ready{watch.descriptor(), POLLIN, 0};
    ASSERT_EQ(poll(&ready, 1, 20'000), 1);
  }

  TestFolder folder_;
  const TimePoint now_ = Clock::now();
};

TEST_F(SettledWatchTest, AChangeIsToldWhenItHasSettledAndOnce) {
  SettledWatch watch({folder_.path("a")}, {.settle = 100ms, .look_every = 1h});
  EXPECT_FALSE(watch.has_changed(now_));
  folder_.write("a", "three");
  hear(watch);
  EXPECT_FALSE(watch.has_changed(now_));
  EXPECT_EQ(watch.due(), now_ + 100ms);
  EXPECT_FALSE(watch.has_changed(now_ + 99ms));
  EXPECT_TRUE(watch.has_changed(now_ + 100ms));
  EXPECT_FALSE(watch.has_changed(now_ + 200ms));
}

TEST_F(SettledWatchTest, AnotherChangeIsWaitedForButNotForEver) {
  SettledWatch watch({folder_.path("a")}, {.settle = 100ms, .look_every = 1h});
  const auto change_at = [&](std::chrono::milliseconds time) {
    folder_.write("a", std::string(static_cast<std::size_t>(time.count()) + 5, 'x'));
    hear(watch);
    return watch.has_changed(now_ + time);
  };
  for (auto time = 0ms; time < 1000ms; time += 90ms) EXPECT_FALSE(change_at(time)) << time.count();
  EXPECT_TRUE(change_at(1000ms));
}

TEST_F(SettledWatchTest, WhatWasReadIsNotTold) {
  SettledWatch watch({folder_.path("a")}, {.settle = 100ms, .look_every = 1h});
  folder_.write("a", "three");
  hear(watch);
  EXPECT_FALSE(watch.has_changed(now_));
  watch.note_read();
  EXPECT_FALSE(watch.has_changed(now_ + 100ms));
}

TEST_F(SettledWatchTest, WhatTheKernelDoesNotTellIsSeenByAndBy) {
  SettledWatch watch({folder_.path("a")}, {.settle = 100ms, .look_every = 1min});
  folder_.write("a", "three");
  hear(watch);
  EXPECT_GT(watch.due(), now_ + 50s);
  EXPECT_TRUE(watch.has_changed(watch.due() + 1s) || watch.has_changed(watch.due() + 2s));
}

TEST_F(SettledWatchTest, ASwappedLinkIsTold) {
  std::filesystem::create_directory(folder_.path("..one"));
  std::filesystem::create_directory(folder_.path("..two"));
  folder_.write("..one/b", "one");
  folder_.write("..two/b", "two");
  std::filesystem::create_directory_symlink("..one", folder_.path("..data"));
  std::filesystem::create_symlink("..data/b", folder_.path("b"));
  SettledWatch watch({folder_.path("b")}, {.settle = 100ms, .look_every = 1h});
  std::filesystem::create_directory_symlink("..two", folder_.path("..next"));
  std::filesystem::rename(folder_.path("..next"), folder_.path("..data"));
  hear(watch);
  EXPECT_FALSE(watch.has_changed(now_));
  EXPECT_TRUE(watch.has_changed(now_ + 1s));
}

TEST_F(SettledWatchTest, NoFilesNeverChange) {
  SettledWatch watch({}, {.settle = 100ms, .look_every = 1min});
  EXPECT_FALSE(watch.has_changed(now_ + 1h));
}

}  // namespace
}  // namespace sluice::base
