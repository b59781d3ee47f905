#include "program/client_port.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace sluice::program {
namespace {

using std::chrono::milliseconds;
using Pairs = std::vector<std::pair<std::string, std::string>>;

GetOutcome answered(long status) { return {GetEnd::whole, status, "", ""}; }

TEST(ClientPort, ARequestHasRoomsNamespaceAndToken) {
  ClientPortOptions options;
  options.url = "https://gateway.example/live/";
  options.rooms = {"a", "b c"};
  options.name_space = "/x";
  options.token = "t";
  const GetRequest request = request_for("/sse", options);
  EXPECT_EQ(request.url, "https://gateway.example/live/sse");
  EXPECT_EQ(request.query, (Pairs{{"room", "a"}, {"room", "b c"}, {"namespace", "/x"}}));
  EXPECT_EQ(request.headers, (std::vector<std::string>{"Authorization: Bearer t"}));
}

TEST(ClientPort, ARefusalIsToldInTheGatewaysWords) {
  EXPECT_EQ(failure_text(answered(403), R"({"error":"forbidden","message":"not\u001b here"})", {}), "not? here");
}

TEST(ClientPort, WhatIsNoGatewayIsNamed) {
  const std::string expected =
      "what answers at http://127.0.0.1:8080 is no gateway's client port (status 404); --url or SLUICE_URL names "
      "another";
  for (const char* const body : {"", "<html>", "{}", R"({"message":1})"}) {
    EXPECT_EQ(failure_text(answered(404), body, {}), expected) << body;
  }
  EXPECT_EQ(failure_text(answered(502), "<html>", {}), "http://127.0.0.1:8080 answers with status 502");
}

TEST(ClientPort, EveryEndHasASentenceThatNamesTheUrl) {
  for (const GetEnd end : {GetEnd::no_host, GetEnd::no_connection, GetEnd::no_answer, GetEnd::silent, GetEnd::not_http,
                           GetEnd::no_trust, GetEnd::broken}) {
    EXPECT_NE(failure_text({end, 0, "", "why"}, "", {}).find("http://127.0.0.1:8080"), std::string::npos);
  }
}

TEST(ClientPort, OnlyWhatPassesIsTriedAgain) {
  for (const long status : {429, 500, 503}) EXPECT_TRUE(may_pass(answered(status))) << status;
  for (const long status : {200, 204, 301, 400, 401, 403, 404, 410}) EXPECT_FALSE(may_pass(answered(status))) << status;
  EXPECT_TRUE(may_pass({GetEnd::no_connection, 0, "", ""}));
  EXPECT_FALSE(may_pass({GetEnd::no_trust, 0, "", ""}));
}

TEST(ClientPort, EachFailureDoublesTheDelayUpToHalfAMinute) {
  EXPECT_EQ(retry_delay(milliseconds(1000), 0, 0), milliseconds(1000));
  EXPECT_EQ(retry_delay(milliseconds(1000), 3, 0), milliseconds(8000));
  EXPECT_EQ(retry_delay(milliseconds(1000), 1'000'000, 0), milliseconds(30'000));
  EXPECT_EQ(retry_delay(milliseconds::max(), 1, 0), milliseconds(30'000));
}

TEST(ClientPort, ChanceAddsUpToAQuarter) {
  EXPECT_EQ(retry_delay(milliseconds(1000), 0, std::numeric_limits<std::uint32_t>::max()), milliseconds(1250));
  EXPECT_EQ(retry_delay(milliseconds(30'000), 9, std::numeric_limits<std::uint32_t>::max()), milliseconds(37'500));
}

TEST(UrlMisfit, AUrlIsOfHttpAndNothingButWhere) {
  for (const char* const url : {"http://127.0.0.1:8080", "https://gateway.example", "http://[::1]:80/live/"}) {
    EXPECT_EQ(url_misfit(url), "") << url;
  }
  for (const char* const url : {"", "127.0.0.1:8080", "ftp://x", "http://", "http://x:99999", "http://x?room=a",
                                "http://x#y", "http://mary:secret@x", "http://a b"}) {
    EXPECT_NE(url_misfit(url), "") << url;
  }
}

}  // namespace
}  // namespace sluice::program
