#include "gateway/session_codec.hpp"

#include <gtest/gtest.h>

namespace sluice::gateway::session_codec {
namespace {

using Kind = Request::Kind;

constexpr base::ConnectionId session{0x1111, base::WorkerId{3}, 4, 5};
constexpr ExchangeId exchange{0x2222, base::WorkerId{6}, 7, 8, 9};

TEST(SessionCodec, ARequestIsTheSameOnTheOtherSide) {
  for (const Kind kind : {Kind::engine_poll, Kind::engine_post_begun, Kind::engine_post, Kind::gone}) {
    const std::string payload = kind == Kind::engine_post ? std::string("4\xff\0x", 4) : std::string();
    const auto read = decode_request(encode({kind, session, exchange, payload}), exchange.node);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->kind, kind);
    EXPECT_EQ(read->session, session);
    EXPECT_EQ(read->exchange, exchange);
    EXPECT_EQ(read->payload, payload);
  }
}

TEST(SessionCodec, AReplyIsTheSameOnTheOtherSide) {
  const auto read = decode_reply(encode(HttpReply{400, "application/json", "{\"\xff\"}", "X: y\r\n", true}));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->status, 400);
  EXPECT_EQ(read->content_type, "application/json");
  EXPECT_EQ(read->body, "{\"\xff\"}");
  EXPECT_EQ(read->headers, "X: y\r\n");
  EXPECT_TRUE(read->closes);
}

TEST(SessionCodec, ATypeThatIsNotKnownIsBytes) {
  const auto read = decode_reply(encode(HttpReply{200, "image/png", "x"}));
  EXPECT_EQ(read->content_type, "application/octet-stream");
}

TEST(SessionCodec, WhatIsNoMessageIsAnError) {
  EXPECT_EQ(decode_request("\xff\xff", 1).error().code, base::Errc::bad_request);
  EXPECT_EQ(decode_request("", 1).error().code, base::Errc::bad_request);
  EXPECT_EQ(decode_reply("\xff\xff").error().code, base::Errc::bad_request);
  EXPECT_EQ(decode_reply("").error().code, base::Errc::bad_request);
}

TEST(SessionCodec, WhatIsTooNewIsAnErrorThatSaysSo) {
  // Field 1, `needs`, is 2.
  const auto read = decode_request("\x08\x02", 1);
  EXPECT_NE(read.error().detail.find("format 2"), std::string::npos);
}

TEST(SessionCodec, AQuestionThatIsNotKnownIsNoneOfOurs) {
  EXPECT_EQ(decode_request("\x08\x01", 1).error().code, base::Errc::not_found);
}

TEST(SessionCodec, AStatusThatIsNoneIsAnError) { EXPECT_FALSE(decode_reply(encode(HttpReply{77, "text/html", "x"}))); }

}  // namespace
}  // namespace sluice::gateway::session_codec
