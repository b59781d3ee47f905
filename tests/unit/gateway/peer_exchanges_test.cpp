#include "gateway/peer_exchanges.hpp"

#include <gtest/gtest.h>

#include <memory>

#include "gateway/session_codec.hpp"

namespace sluice::gateway {
namespace {

using Answers = std::vector<base::Result<std::string>>;

base::TimePoint at(int second) { return base::TimePoint(std::chrono::seconds(second)); }
constexpr base::ConnectionId session{1, {}, 2, 3};
constexpr ExchangeId one{7, {}, 1, 1, 1}, two{7, {}, 1, 1, 2}, other{8, {}, 1, 1, 1};

auto into(Answers& answers) {
  return [&answers](base::Result<std::string> answer) { answers.push_back(std::move(answer)); };
}

TEST(PeerExchanges, EachIsAnsweredOnce) {
  PeerExchanges exchanges;
  Answers answers;
  exchanges.add(one, session, at(9), into(answers));
  exchanges.answer(two, {200, "text/html", "no"});
  exchanges.answer(one, {200, "text/html", "ok"});
  exchanges.answer(one, {200, "text/html", "again"});
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(session_codec::decode_reply(*answers[0])->body, "ok");
}

TEST(PeerExchanges, WhatNobodyWaitsForIsForgottenAndToldSo) {
  PeerExchanges exchanges;
  Answers answers;
  exchanges.add(one, session, at(9), into(answers));
  exchanges.forget(one);
  exchanges.forget(two);
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(answers[0].error().code, base::Errc::unavailable);
  EXPECT_EQ(exchanges.size(), 0U);
}

TEST(PeerExchanges, TheSameOneTwiceIsTheFirstOnesEnd) {
  PeerExchanges exchanges;
  Answers first, second;
  exchanges.add(one, session, at(9), into(first));
  exchanges.add(one, session, at(9), into(second));
  exchanges.answer(one, {200, "text/html", "ok"});
  EXPECT_FALSE(first.at(0));
  EXPECT_TRUE(second.at(0));
}

TEST(PeerExchanges, ThoseOfALostNodeAreGiven) {
  PeerExchanges exchanges;
  Answers answers;
  for (const ExchangeId& id : {one, two, other}) exchanges.add(id, session, at(9), into(answers));
  const auto ended = exchanges.forget_all_of(7);
  EXPECT_EQ(ended.size(), 2U);
  EXPECT_EQ(ended[0].session, session);
  EXPECT_EQ(exchanges.size(), 1U);
}

TEST(PeerExchanges, ThoseThatHaveWaitedForTooLongAreGiven) {
  PeerExchanges exchanges;
  Answers answers;
  exchanges.add(one, session, at(5), into(answers));
  exchanges.add(two, session, at(6), into(answers));
  EXPECT_TRUE(exchanges.forget_late(at(4)).empty());
  EXPECT_EQ(exchanges.forget_late(at(5)).at(0).id, one);
  EXPECT_EQ(exchanges.size(), 1U);
}

}  // namespace
}  // namespace sluice::gateway
