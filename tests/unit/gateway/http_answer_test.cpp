#include "gateway/http_answer.hpp"

#include <gtest/gtest.h>

#include <set>

namespace sluice::gateway {
namespace {

using base::Errc;
using base::fail;

TEST(HttpAnswer, AnAnswerIsWholeAndSaysThatTheConnectionCloses) {
  EXPECT_EQ(http_text(http_reply({404, fail(Errc::not_found, "nothing here")})),
            "HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nContent-Length: 47\r\n"
            "Cache-Control: no-store\r\nConnection: close\r\n\r\n"
            "{\"error\":\"not_found\",\"message\":\"nothing here\"}\n");
}

TEST(HttpAnswer, FurtherHeadersComeBeforeTheEmptyLine) {
  const std::string answer = http_text(http_reply({405, fail(Errc::bad_request, "no"), "Allow: GET\r\n"}));
  EXPECT_NE(answer.find("\r\nConnection: close\r\nAllow: GET\r\n\r\n{"), std::string::npos);
}

TEST(HttpAnswer, TheContentLengthIsThatOfTheBody) {
  const std::string answer = http_text(http_reply({400, fail(Errc::bad_request, "\"quoted\"\r\nX: y\x01 \xFF")}));
  const auto body = answer.substr(answer.find("\r\n\r\n") + 4);
  EXPECT_NE(answer.find("Content-Length: " + std::to_string(body.size()) + "\r\n"), std::string::npos);
}

TEST(HttpAnswer, WhatADetailHoldsIsEscaped) {
  const std::string answer = http_text(http_reply({400, fail(Errc::bad_request, "\"quoted\"\r\nX: y\x01 \xFF")}));
  EXPECT_NE(answer.find(R"("message":"\"quoted\"\r\nX: y\u0001 )"
                        "\xEF\xBF\xBD\"}\n"),
            std::string::npos);
}

TEST(HttpAnswer, EachErrorHasTheStatusOfItsRow) {
  EXPECT_EQ(http_error(fail(Errc::bad_request, "x")).status, 400);
  EXPECT_EQ(http_error(fail(Errc::forbidden, "x")).status, 403);
  EXPECT_EQ(http_error(fail(Errc::not_found, "x")).status, 404);
  EXPECT_EQ(http_error(fail(Errc::unavailable, "x")).status, 503);
}

TEST(HttpAnswer, EachStatusThatIsUsedHasItsReason) {
  const auto line = [](std::uint16_t status) {
    const std::string answer = http_text(http_reply({status, fail(Errc::bad_request, "x")}));
    return answer.substr(0, answer.find('\r'));
  };
  EXPECT_EQ(line(400), "HTTP/1.1 400 Bad Request");
  EXPECT_EQ(line(403), "HTTP/1.1 403 Forbidden");
  EXPECT_EQ(line(405), "HTTP/1.1 405 Method Not Allowed");
  EXPECT_EQ(line(408), "HTTP/1.1 408 Request Timeout");
  EXPECT_EQ(line(426), "HTTP/1.1 426 Upgrade Required");
  EXPECT_EQ(line(431), "HTTP/1.1 431 Request Header Fields Too Large");
  EXPECT_EQ(line(503), "HTTP/1.1 503 Service Unavailable");
}

TEST(HttpAnswer, WhoIsTurnedAwayComesBackAtAMomentOfItsOwn) {
  std::set<std::string> hints;
  for (std::uint32_t seed = 0; seed < 100; ++seed) {
    const HttpReply reply = turned_away_reply(base::fail(base::Errc::exhausted, "too much to do"), seed);
    EXPECT_EQ(reply.status, 503);
    hints.insert(reply.headers);
  }
  EXPECT_GT(hints.size(), 10u);
  EXPECT_TRUE(hints.contains("Retry-After: 5\r\n"));
  EXPECT_TRUE(hints.contains("Retry-After: 20\r\n"));
  EXPECT_FALSE(hints.contains("Retry-After: 4\r\n"));
}

TEST(HttpAnswer, WhoMayNotComeInForAnotherReasonIsToldThat) {
  const HttpReply reply = turned_away_reply(base::fail(base::Errc::unauthenticated, "no token"), 7);
  EXPECT_EQ(reply.status, 401);
  EXPECT_EQ(reply.headers, "WWW-Authenticate: Bearer\r\n");
}

}  // namespace
}  // namespace sluice::gateway
