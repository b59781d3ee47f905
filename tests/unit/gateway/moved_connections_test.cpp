#include "gateway/moved_connections.hpp"

#include <gtest/gtest.h>

namespace sluice::gateway {
namespace {

using Now = std::optional<base::ConnectionId>;

base::TimePoint at(int second) { return base::TimePoint(std::chrono::seconds(second)); }
constexpr base::ConnectionId before{1, {}, 2, 3}, elsewhere{4, {}, 5, 6};

TEST(MovedConnections, WhoeverAsksLearnsWhereItIs) {
  MovedConnections moved;
  moved.add(before, {}, {}, at(0));
  moved.settle(before, elsewhere);
  Now now;
  EXPECT_TRUE(moved.find(before, [&](const Now& told) { now = told; }));
  EXPECT_EQ(now, elsewhere);
}

TEST(MovedConnections, WhoeverAsksTooEarlyIsToldOnceItHasArrived) {
  MovedConnections moved;
  moved.add(before, {}, {}, at(0));
  std::vector<Now> told;
  EXPECT_TRUE(moved.find(before, [&](const Now& now) { told.push_back(now); }));
  EXPECT_TRUE(told.empty());
  moved.settle(before, elsewhere);
  EXPECT_EQ(told, std::vector<Now>{elsewhere});
}

TEST(MovedConnections, OneThatNeverArrivesIsNowhere) {
  MovedConnections moved;
  moved.add(before, {}, {}, at(0));
  std::vector<Now> told;
  EXPECT_TRUE(moved.find(before, [&](const Now& now) { told.push_back(now); }));
  moved.expire(at(9));
  EXPECT_TRUE(told.empty());
  moved.expire(at(10));
  EXPECT_EQ(told, std::vector<Now>{std::nullopt});
  EXPECT_FALSE(moved.find(before, [](const Now&) {}));
}

TEST(MovedConnections, OneThatHasNotMovedIsUnknown) {
  MovedConnections moved;
  EXPECT_FALSE(moved.find(before, [](const Now&) { FAIL(); }));
  moved.settle(before, elsewhere);
  moved.acknowledge(before, 1, "[]", {});
}

TEST(MovedConnections, AMinuteIsEnoughToHearOfIt) {
  MovedConnections moved;
  moved.add(before, {}, {}, at(0));
  moved.settle(before, elsewhere);
  moved.expire(at(59));
  EXPECT_EQ(moved.size(), 1U);
  moved.expire(at(60));
  EXPECT_EQ(moved.size(), 0U);
}

TEST(MovedConnections, WhatItsClientWasAskedIsAnsweredOnce) {
  MovedConnections moved;
  std::vector<workers::Acknowledgement> answers;
  const auto take = std::make_shared<const workers::OnAcknowledged>(
      [&](workers::Acknowledgement answer) { answers.push_back(std::move(answer)); });
  moved.add(before, "sid", {{7, take}}, at(0));
  moved.settle(before, elsewhere);
  moved.acknowledge(before, 6, "[6]", {});
  for (int count = 0; count < 2; ++count) moved.acknowledge(before, 7, "[7]", {"bytes"});
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(answers[0].connection, before);
  EXPECT_EQ(answers[0].session, "sid");
  EXPECT_EQ(answers[0].arguments, "[7]");
  EXPECT_EQ(answers[0].attachments, std::vector<std::string>{"bytes"});
}

TEST(MovedConnections, WhoeverWaitsForAnAnswerMayWaitLonger) {
  MovedConnections moved;
  auto take = std::make_shared<const workers::OnAcknowledged>([](const workers::Acknowledgement&) {});
  moved.add(before, "sid", {{7, take}}, at(0));
  moved.settle(before, elsewhere);
  moved.expire(at(600));
  EXPECT_EQ(moved.size(), 1U);
  take.reset();
  moved.expire(at(601));
  EXPECT_EQ(moved.size(), 0U);
}

}  // namespace
}  // namespace sluice::gateway
