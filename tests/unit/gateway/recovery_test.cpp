#include "gateway/recovery.hpp"

#include <gtest/gtest.h>

namespace sluice::gateway {
namespace {

using std::chrono::seconds;

BrokenSocket socket_of(const std::string& sid) { return {sid, {}, {}, {}}; }
base::TimePoint at(int second) { return base::TimePoint(seconds(second)); }

TEST(Recovery, ASocketIsGivenOnce) {
  Recovery recovery(10, seconds(5));
  recovery.save("p", socket_of("s"), at(0));
  EXPECT_EQ(recovery.take("p")->sid, "s");
  EXPECT_FALSE(recovery.take("p"));
  EXPECT_FALSE(recovery.take("q"));
}

TEST(Recovery, ASocketIsForgottenInTime) {
  Recovery recovery(10, seconds(5));
  recovery.save("p", socket_of("s"), at(0));
  recovery.expire(at(4));
  EXPECT_EQ(recovery.size(), 1U);
  recovery.expire(at(5));
  EXPECT_FALSE(recovery.take("p"));
}

TEST(Recovery, OneThatBrokeAgainHasItsTimeAnew) {
  Recovery recovery(10, seconds(5));
  recovery.save("p", socket_of("old"), at(0));
  static_cast<void>(recovery.take("p"));
  recovery.save("p", socket_of("new"), at(3));
  recovery.expire(at(6));
  EXPECT_EQ(recovery.take("p")->sid, "new");
}

TEST(Recovery, TheOldestMakeRoom) {
  Recovery recovery(2, seconds(5));
  for (const char* pid : {"a", "b", "c"}) recovery.save(pid, socket_of(pid), at(0));
  EXPECT_FALSE(recovery.take("a"));
  EXPECT_TRUE(recovery.take("b"));
  EXPECT_TRUE(recovery.take("c"));
}

TEST(Recovery, WhereOneLivesIsForgottenByThatConnectionAlone) {
  Recovery recovery(2, seconds(5));
  const base::ConnectionId old{1, {}, 1, 1}, fresh{1, {}, 2, 1};
  recovery.note_alive("p", old);
  recovery.note_alive("p", fresh);
  recovery.forget("p", old);
  EXPECT_EQ(recovery.find_alive("p"), fresh);
  recovery.forget("p", fresh);
  EXPECT_FALSE(recovery.find_alive("p"));
}

}  // namespace
}  // namespace sluice::gateway
