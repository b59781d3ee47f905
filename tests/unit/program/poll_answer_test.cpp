#include "program/poll_answer.hpp"

#include <gtest/gtest.h>

namespace sluice::program {
namespace {

std::string data_of(const std::string& member) {
  const auto answer = read_poll_answer(R"({"cursor":"c","messages":[{"event":"e",)" + member +
                                       R"(,"room":"a","position":"p"}],"gap":false})");
  return answer && answer->messages.size() == 1 ? answer->messages.front().data : "none";
}

TEST(PollAnswer, HasItsCursorAndItsMessagesInOrder) {
  const auto answer =
      read_poll_answer(R"({"cursor":"p2.x","messages":[{"event":"message","data":"hi","room":"a","position":"p1"},)"
                       R"({"event":"say","data":1,"position":"p2"}],"gap":false})"
                       "\n");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->cursor, "p2.x");
  EXPECT_FALSE(answer->has_gap);
  ASSERT_EQ(answer->messages.size(), 2u);
  EXPECT_EQ(answer->messages[0].position, "p1");
  EXPECT_EQ(answer->messages[0].event, "message");
  EXPECT_EQ(answer->messages[1].event, "say");
}

TEST(PollAnswer, DataIsWhatAStreamWouldHave) {
  EXPECT_EQ(data_of(R"("data":"a\n\"b\"")"), "a\n\"b\"");
  EXPECT_EQ(data_of(R"("data":{"x": [1, 2.50]})"), R"({"x": [1, 2.50]})");
  EXPECT_EQ(data_of(R"("data":"AAH/","encoding":"base64")"), R"({"data":"AAH/","encoding":"base64"})");
  EXPECT_EQ(data_of(R"("args":[1,"zwei"])"), R"({"args":[1,"zwei"]})");
}

TEST(PollAnswer, AGapHasItsReason) {
  const auto answer = read_poll_answer(R"({"cursor":"c","messages":[],"gap":true,"reason":"evicted"})");
  ASSERT_TRUE(answer);
  EXPECT_TRUE(answer->has_gap);
  EXPECT_EQ(answer->reason, "evicted");
}

TEST(PollAnswer, AnythingElseIsNone) {
  for (const char* const body :
       {"", "hello", "{}", "[]", R"({"cursor":"c"})", R"({"messages":[]})", R"({"cursor":1,"messages":[]})",
        R"({"cursor":"c","messages":{}})", R"({"cursor":"c","messages":[1]})", R"({"cursor":"c","messages":[]} x)"}) {
    EXPECT_FALSE(read_poll_answer(body)) << body;
  }
}

}  // namespace
}  // namespace sluice::program
