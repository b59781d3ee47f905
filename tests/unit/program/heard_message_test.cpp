#include "program/heard_message.hpp"

#include <gtest/gtest.h>

namespace sluice::program {
namespace {

TEST(HeardMessage, IsPositionEventAndDataInALine) {
  EXPECT_EQ(message_line({"p-1", "message", "two words"}), "p-1  message  two words\n");
  EXPECT_EQ(message_line({"", "an event", ""}), "-  an_event  -\n");
  EXPECT_EQ(message_line({"p-1", "e", "a\nb\x1b[2J"}), "p-1  e  a?b?[2J\n");
}

TEST(HeardMessage, AsJsonHasItsDataAsAString) {
  EXPECT_EQ(message_json({"p-1", "say", "{\"x\":1}\n"}),
            "{\"event\":\"say\",\"data\":\"{\\\"x\\\":1}\\n\",\"position\":\"p-1\"}\n");
  EXPECT_EQ(message_json({"", "e", ""}), "{\"event\":\"e\",\"data\":\"\"}\n");
}

TEST(HeardMessage, AGapSaysWhyIfThatIsKnown) {
  EXPECT_EQ(gap_reason(R"({"reason":"evicted"})"), "evicted");
  for (const char* const data : {"", "evicted", "{}", R"({"reason":1})"}) EXPECT_EQ(gap_reason(data), "");
  EXPECT_EQ(gap_text("evicted"), "a gap: messages are lost (evicted)");
  EXPECT_EQ(gap_text(""), "a gap: messages are lost");
  EXPECT_EQ(gap_json("evicted"), "{\"notice\":\"gap\",\"reason\":\"evicted\"}\n");
  EXPECT_EQ(gap_json(""), "{\"notice\":\"gap\"}\n");
}

}  // namespace
}  // namespace sluice::program
