#include "gateway/rfc6455.hpp"

#include <gtest/gtest.h>

#include "gateway/base64.hpp"
#include "gateway/utf8.hpp"

namespace sluice::gateway::rfc6455 {
namespace {

using namespace std::string_literals;

std::string close_of(std::uint16_t code, std::string_view reason) {
  std::string out;
  append_close(out, code, reason);
  return out;
}

TEST(Rfc6455, TheAcceptValueIsThatOfTheStandardsExample) {  // 1.3
  EXPECT_EQ(accept_value("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  EXPECT_EQ(accept_value("x3JJHMbDL1EzLkh9GBhXDw=="), "HSmrc0sMlYUkAGmm5OPpG2HaGWk=");
  EXPECT_TRUE(can_accept());
}

TEST(Rfc6455, AKeyIs16BytesInBase64) {
  EXPECT_TRUE(is_key("dGhlIHNhbXBsZSBub25jZQ=="));
  EXPECT_TRUE(is_key("++++////++++////++++//=="));
  for (const std::string_view key :
       {"", "==", "dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBsZSBub25jZQ=", "dGhlIHNhbXBsZQ==", "dGhlIHNhbXBsZSBub25jZWU=",
        "dGhlIHNhbXBsZSBub25j Q==", "dGhlIHNhbXBsZSBub25jZ===", "dGhlIHNhbXBsZSBub25jZQ==dGhlIHNhbXBsZSBub25jZQ=="}) {
    EXPECT_FALSE(is_key(key)) << key;
  }
}

TEST(Rfc6455, AHeadHasItsLengthInTheShortestForm) {
  const auto head = [](std::size_t bytes) {
    std::string out = "before";
    append_head(out, Opcode::binary, bytes);
    return out.substr(6);
  };
  EXPECT_EQ(head(0), "\x82\x00"s);
  EXPECT_EQ(head(125), "\x82\x7D");
  EXPECT_EQ(head(126), "\x82\x7E\x00\x7E"s);
  EXPECT_EQ(head(0xFFFF), "\x82\x7E\xFF\xFF");
  EXPECT_EQ(head(0x10000), "\x82\x7F\x00\x00\x00\x00\x00\x01\x00\x00"s);
}

TEST(Rfc6455, ADeflatedMessageHasRsv1) {
  std::string out;
  append_head(out, Opcode::text, 1, true);
  EXPECT_EQ(out, "\xC1\x01");
}

TEST(Rfc6455, ACloseHasItsCodeAndReason) {
  EXPECT_EQ(close_of(1000, ""), "\x88\x02\x03\xE8");
  EXPECT_EQ(close_of(1001, "bye"),
            "\x88\x05\x03\xE9"
            "bye");
}

TEST(Rfc6455, ACloseWithoutACodeIsEmpty) { EXPECT_EQ(close_of(close_code::none, "unsaid"), "\x88\x00"s); }

TEST(Rfc6455, ACloseReasonOf123BytesIsSentWhole) {
  EXPECT_EQ(close_of(1000, std::string(123, 'x')).size(), 2 + 2 + 123U);
  EXPECT_EQ(close_of(1000, std::string(124, 'x')), close_of(1000, std::string(123, 'x')));
}

TEST(Rfc6455, ACloseReasonIsCutBetweenTwoCharacters) {
  for (const std::string character : {"\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9D\x84\x9E"}) {
    for (std::size_t before = 0; before < 4; ++before) {
      std::string reason(before, 'x');
      while (reason.size() < 200) reason += character;
      const std::string frame = close_of(1000, reason);
      EXPECT_LE(frame.size(), 2 + control_payload_bytes_max);
      EXPECT_GT(frame.size(), 2 + control_payload_bytes_max - character.size());
      EXPECT_TRUE(is_utf8(std::string_view(frame).substr(4)));
      EXPECT_EQ(static_cast<std::size_t>(frame[1]), frame.size() - 2);
    }
  }
}

TEST(Rfc6455, AReasonOfContinuationBytesAloneDoesNotRunAway) {
  EXPECT_EQ(close_of(1000, std::string(300, '\x80')), close_of(1000, ""));
}

TEST(Base64, TheStandardsExamplesAreEncoded) {  // RFC 4648, 10
  const auto base64 = [](std::string_view bytes) {
    std::string out = ">";
    append_base64(out, bytes);
    return out;
  };
  EXPECT_EQ(base64(""), ">");
  EXPECT_EQ(base64("f"), ">Zg==");
  EXPECT_EQ(base64("fo"), ">Zm8=");
  EXPECT_EQ(base64("foo"), ">Zm9v");
  EXPECT_EQ(base64("foob"), ">Zm9vYg==");
  EXPECT_EQ(base64("\xFF\xFE\xFD\x00"s), ">//79AA==");
}

}  // namespace
}  // namespace sluice::gateway::rfc6455
