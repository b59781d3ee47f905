#include "cluster/questions.hpp"

#include <gtest/gtest.h>

namespace sluice::cluster {
namespace {

using base::Errc;
using base::fail;
using namespace std::chrono_literals;

class QuestionsTest : public testing::Test {
 protected:
  void ask(std::uint64_t number, Questions::Names nodes, base::Duration patience = 5s) {
    questions_.add(
        number,
        {.nodes = std::move(nodes), .since = now_, .until = now_ + patience, .then = [this, number](auto answers) {
           std::string& text = told_.emplace_back(std::to_string(number));
           for (const workers::PeerAnswer& one : answers) text += " " + text_of(one);
         }});
  }
  static std::string text_of(const workers::PeerAnswer& answer) {
    const auto& payload = answer.payload;
    return std::to_string(answer.incarnation) + answer.name + "=" +
           (payload ? *payload : std::string(base::row_of(payload.error().code).name));
  }
  using Told = std::vector<std::string>;

  base::TimePoint now_{100s};
  Told told_;
  Questions questions_;
};

TEST_F(QuestionsTest, AreToldTogetherInTheOrderOfNodes) {
  ask(1, {{7, "a"}, {8, "b"}});
  EXPECT_TRUE(questions_.take(1, {8, {}, std::string("second")}));
  EXPECT_EQ(told_, Told{});
  EXPECT_TRUE(questions_.take(1, {7, {}, std::string("first")}));
  EXPECT_EQ(told_, Told{"1 7a=first 8b=second"});
  EXPECT_FALSE(questions_.take(1, {7, {}, std::string("late")}));
}

TEST_F(QuestionsTest, ANodeAnswersOnce) {
  ask(1, {{7, "a"}, {8, "b"}});
  EXPECT_TRUE(questions_.take(1, {7, {}, std::string("x")}));
  EXPECT_FALSE(questions_.take(1, {7, {}, std::string("y")}));
  EXPECT_TRUE(questions_.take(1, {8, {}, std::string("z")}));
  EXPECT_EQ(told_, Told{"1 7a=x 8b=z"});
}

TEST_F(QuestionsTest, ANewNodeMayAnswerBesideThoseThatWereKnown) {
  ask(1, {{7, "a"}});
  EXPECT_TRUE(questions_.take(1, {5, "new", std::string("x")}));
  EXPECT_TRUE(questions_.take(1, {7, {}, std::string("y")}));
  EXPECT_EQ(told_, Told{"1 5new=x 7a=y"});
}

TEST_F(QuestionsTest, EndAtTheirTimeNamingThoseThatWereSilent) {
  ask(1, {{7, "a"}, {8, "b"}}, 5s);
  ask(2, {{7, "a"}}, 6s);
  EXPECT_TRUE(questions_.take(1, {8, {}, std::string("x")}));
  EXPECT_EQ(questions_.deadline(), now_ + 5s);
  questions_.expire(now_ + 5s);
  EXPECT_EQ(told_, Told{"1 7a=timed_out 8b=x"});
  EXPECT_EQ(questions_.deadline(), now_ + 6s);
}

TEST_F(QuestionsTest, WhatANodeLeavesBehindIsNotWaitedFor) {
  ask(1, {{7, "a"}, {8, "b"}});
  ask(2, {{8, "b"}});
  questions_.fail_node(8, fail(Errc::unavailable, "gone"));
  EXPECT_EQ(told_, Told{"2 8b=unavailable"});
  questions_.fail(1, 7, fail(Errc::not_found, "?"));
  EXPECT_EQ(told_.back(), "1 7a=not_found 8b=unavailable");
  EXPECT_EQ(questions_.size(), 0u);
  EXPECT_FALSE(questions_.deadline());
}

TEST_F(QuestionsTest, WhatIsToldMayAskAnew) {
  questions_.add(1, {.nodes = {{7, "a"}}, .until = now_, .then = [this](auto) { ask(3, {{7, "a"}}); }});
  ask(2, {{7, "a"}});
  questions_.fail_all(fail(Errc::unavailable, "gone"));
  EXPECT_EQ(told_, Told{"2 7a=unavailable"});
  EXPECT_EQ(questions_.size(), 1u) << "the new one was not meant";
}

TEST_F(QuestionsTest, ThoseThatHaveWaitedForLongAreKnownByTheirNodes) {
  ask(1, {{7, "a"}, {8, "b"}});
  now_ += 1s;
  ask(2, {{8, "b"}});
  now_ += 1s;
  ask(3, {{7, "a"}});
  using ByNode = std::map<std::uint32_t, std::vector<std::uint64_t>>;
  EXPECT_EQ(questions_.asked_before(now_ - 1s), (ByNode{{7, {1}}, {8, {1, 2}}}));
  EXPECT_TRUE(questions_.take(1, {8, {}, std::string("first")}));
  EXPECT_EQ(questions_.asked_before(now_ - 2s), (ByNode{{7, {1}}}));
  EXPECT_EQ(questions_.asked_before(now_ - 3s), ByNode{});
}

}  // namespace
}  // namespace sluice::cluster
