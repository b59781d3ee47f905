#include "workers/readiness.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

namespace sluice::workers {
namespace {

struct Pair {
  Pair() { EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0); }
  ~Pair() {
    for (const int end : ends) close(end);
  }
  int ends[2];
};

TEST(Readiness, TellsAnEdgeOnceByItsTag) {
  Pair pair;
  Readiness readiness;
  ASSERT_TRUE(readiness.add(pair.ends[0], EPOLLIN | EPOLLET, 42));
  EXPECT_TRUE(readiness.wait(std::chrono::nanoseconds(0)).empty());
  EXPECT_EQ(write(pair.ends[1], "x", 1), 1);
  const auto events = readiness.wait(std::chrono::seconds(10));
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].data.u64, 42u);
  EXPECT_TRUE(readiness.wait(std::chrono::nanoseconds(0)).empty());
}

TEST(Readiness, ForgetsWhatIsRemoved) {
  Pair pair;
  Readiness readiness;
  ASSERT_TRUE(readiness.add(pair.ends[0], EPOLLIN, 1));
  EXPECT_EQ(write(pair.ends[1], "x", 1), 1);
  EXPECT_EQ(readiness.wait(std::chrono::seconds(10)).size(), 1u);
  readiness.remove(pair.ends[0]);
  EXPECT_TRUE(readiness.wait(std::chrono::nanoseconds(0)).empty());
}

TEST(Readiness, SaysWhenTheKernelRefuses) {
  Readiness readiness;
  EXPECT_FALSE(readiness.add(-1, EPOLLIN, 1));
}

TEST(Readiness, WaitsNoLessThanItWasAsked) {
  Readiness readiness;
  const auto began = std::chrono::steady_clock::now();
  EXPECT_TRUE(readiness.wait(std::chrono::microseconds(1500)).empty());
  EXPECT_GE(std::chrono::steady_clock::now() - began, std::chrono::microseconds(1500));
}

}  // namespace
}  // namespace sluice::workers
