#include "gateway/http_wire.hpp"

#include <gtest/gtest.h>

#include "tests/unit/gateway/running_gateway.hpp"

namespace sluice::gateway {
namespace {

using namespace std::string_literals;
using workers::EndReason;

constexpr std::string_view switching = "HTTP/1.1 101 Switching Protocols";

TEST(HttpWire, ARequestThatComesByteByByteIsAnswered) {
  RunningGateway gateway;
  TestClient client(gateway);
  for (const char byte : TestClient::upgrade("/ws")) ASSERT_TRUE(client.send({&byte, 1}));
  EXPECT_EQ(client.read_head(), switching);
}

TEST(HttpWire, AFrameRightBehindTheRequestIsNotLost) {
  RunningGateway gateway;
  const std::string request = TestClient::upgrade("/"), bytes = request + text_frame("first") + text_frame("second");
  for (const std::size_t cut : {std::size_t{1}, request.size() - 2, request.size() - 1, request.size(),
                                request.size() + 1, request.size() + 3, request.size() + 11, bytes.size()}) {
    TestClient client(gateway);
    ASSERT_TRUE(client.send(bytes.substr(0, cut)) && client.send(bytes.substr(cut)));
    EXPECT_EQ(client.read_head(), switching);
    EXPECT_EQ(client.read_frame(),
              "\x81"
              "first");
    EXPECT_EQ(client.read_frame(),
              "\x81"
              "second");
  }
}

TEST(HttpWire, ARefusedRequestIsAnsweredAndTheConnectionCloses) {
  RunningGateway gateway;
  const auto answer = [&gateway](const std::string& request) {
    TestClient client(gateway);
    client.send(request);
    return client.read_all();
  };
  EXPECT_TRUE(answer(TestClient::upgrade("/elsewhere")).starts_with("HTTP/1.1 404 Not Found\r\n"));
  EXPECT_TRUE(answer(TestClient::upgrade("/%zz")).starts_with("HTTP/1.1 400 Bad Request\r\n"));
  EXPECT_TRUE(answer("GET / HTTP/1.1\r\nHost: h\r\n\r\n").starts_with("HTTP/1.1 426 Upgrade Required\r\n"));
  EXPECT_TRUE(answer("POST / HTTP/1.1\r\nHost: h\r\n\r\n").starts_with("HTTP/1.1 405 Method Not Allowed\r\n"));
  EXPECT_TRUE(wait_until([&] { return gateway.closed(EndReason::refused) == 4; }));
  EXPECT_EQ(gateway.metrics().handshakes_refused.read(), 4U);
}

TEST(HttpWire, WhatIsNoRequestIsRefusedBeforeItIsComplete) {
  RunningGateway gateway;
  for (const std::string& start : {"\x16\x03\x01"s, "GET / HT\0P"s, "GET /\n"s, "GET / HTTP/1.1\r\nA: b\r\n c"s}) {
    TestClient client(gateway);
    client.send(start);
    EXPECT_TRUE(client.read_all().starts_with("HTTP/1.1 400 Bad Request\r\n")) << testing::PrintToString(start);
  }
}

TEST(HttpWire, AHeadOfTheLimitPassesAndOneByteMoreIs431) {
  RunningGateway gateway([](RunningGateway& g) { g.options.http_header_bytes_max = 512; });
  const auto padded_to = [](std::size_t bytes) {
    std::string request = TestClient::upgrade("/");
    request.insert(request.size() - 2, "X-Padding: " + std::string(bytes - request.size() - 13, 'x') + "\r\n");
    return request;
  };
  ASSERT_EQ(padded_to(512).size(), 512U);
  TestClient exact(gateway);
  exact.send(padded_to(512));
  EXPECT_EQ(exact.read_head(), switching);
  for (const std::size_t bytes : {513, 5000}) {
    TestClient larger(gateway);
    larger.send(padded_to(bytes));
    EXPECT_TRUE(larger.read_all().starts_with("HTTP/1.1 431 ")) << bytes;
  }
}

TEST(HttpWire, AHeadWithoutAnEndIs431) {
  RunningGateway gateway([](RunningGateway& g) { g.options.http_header_bytes_max = 512; });
  TestClient client(gateway);
  client.send("GET / HTTP/1.1\r\nX: " + std::string(10'000, 'x'));
  EXPECT_TRUE(client.read_all().starts_with("HTTP/1.1 431 "));
}

TEST(HttpWire, ARequestThatTakesTooLongIs408) {
  RunningGateway gateway([](RunningGateway& g) { g.options.handshake_seconds_max = std::chrono::milliseconds(50); });
  {
    TestClient client(gateway);
    client.send("GET / HT");
    EXPECT_TRUE(client.read_all().starts_with("HTTP/1.1 408 "));
  }
  EXPECT_TRUE(wait_until([&] { return gateway.closed(EndReason::handshake_timeout) == 1; }));
}

TEST(HttpWire, WhoeverLeavesInTheMiddleOfARequestIsForgotten) {
  RunningGateway gateway;
  {
    TestClient client(gateway);
    client.send("GET / HT");
  }
  EXPECT_TRUE(wait_until([&] { return gateway.closed(EndReason::client_vanished) == 1; }));
  EXPECT_TRUE(wait_until([&] { return gateway.pool->connections() == 0; }));
}

TEST(HttpWire, ADrainTells503ToABegunRequestAndNothingToASilentClient) {
  RunningGateway gateway;
  TestClient begun(gateway), silent(gateway);
  begun.send("GET / HT");
  ASSERT_TRUE(wait_until([&] { return gateway.metrics().wire_bytes_received.read() == 8; }));
  ASSERT_TRUE(wait_until([&] { return gateway.pool->connections() == 2; }));
  gateway.pool->drain({.over = std::chrono::milliseconds(0), .ending = {EndReason::draining, 1001, "going away"}});
  const std::string answer = begun.read_all();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 503 ")) << answer;
  EXPECT_NE(answer.find("\r\nRetry-After: 1\r\n"), std::string::npos);
  EXPECT_EQ(silent.read_all(), "");
}

}  // namespace
}  // namespace sluice::gateway
