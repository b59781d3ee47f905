#include "gateway/websocket_wire.hpp"

#include <gtest/gtest.h>

#include "gateway/deflater.hpp"
#include "gateway/inflater.hpp"
#include "tests/unit/gateway/running_gateway.hpp"

namespace sluice::gateway {
namespace {

using namespace std::string_literals;
using workers::EndReason;

// What a close frame looks like to TestClient.
std::string closing(int code, std::string_view reason = {}) {
  std::string frame = "\x88";
  frame += static_cast<char>(code >> 8);
  frame += static_cast<char>(code);
  return frame.append(reason);
}
bool is_closing(const std::string& frame, int code) { return frame.starts_with(closing(code)); }

TEST(WebSocketWire, AnEchoKeepsTheKindOfData) {
  RunningGateway gateway;
  TestClient client(gateway);
  client.open();
  client.send(text_frame("text") + binary_frame("\xFF\x00"s) + text_frame(""));
  EXPECT_EQ(client.read_frame(),
            "\x81"
            "text");
  EXPECT_EQ(client.read_frame(), "\x82\xFF\x00"s);
  EXPECT_EQ(client.read_frame(), "\x81");
}

TEST(WebSocketWire, AMessageThatComesByteByByteIsTakenOnce) {
  RunningGateway gateway;
  TestClient client(gateway);
  client.open();
  for (const char byte : first_fragment("Hel") + ping_frame("p") + last_fragment("lo")) client.send({&byte, 1});
  EXPECT_EQ(client.read_frame(), "\x8Ap");
  EXPECT_EQ(client.read_frame(), "\x81Hello");
  EXPECT_EQ(gateway.metrics().messages_received.read(), 1U);
  EXPECT_EQ(gateway.metrics().payload_bytes_received.read(), 5U);
}

TEST(WebSocketWire, APingIsAnsweredWithItsPayload) {
  RunningGateway gateway;
  TestClient client(gateway);
  client.open();
  client.send(ping_frame("") + ping_frame(std::string(125, 'p')) + pong_frame("unasked") + text_frame("x"));
  EXPECT_EQ(client.read_any_frame(), "\x8A");
  EXPECT_EQ(client.read_any_frame(), "\x8A" + std::string(125, 'p'));
  EXPECT_EQ(client.read_any_frame(), "\x81x");
}

TEST(WebSocketWire, ACloseIsAnsweredWithItsCodeAndTheGatewayClosesTheSocket) {
  RunningGateway gateway;
  for (const auto& [sent, answered] :
       {std::pair("\x03\xE8"s, closing(1000)), {"\x0F\xA0why"s, closing(4000)}, {""s, "\x88"s}}) {
    TestClient client(gateway);
    client.open();
    client.send(close_frame(sent) + text_frame("behind it"));
    EXPECT_EQ(client.read_frame(), answered);
    EXPECT_EQ(client.read_all(), "");
  }
  EXPECT_TRUE(wait_until([&] { return gateway.closed(EndReason::client_closed) == 3; }));
}

TEST(WebSocketWire, WhatIsBrokenEndsWithItsCode) {
  RunningGateway gateway([](RunningGateway& g) { g.options.message_bytes_max = 100; });
  for (const auto& [sent, code] : {std::pair("\x81\x01x"s, 1002),
                                   {client_frame(0xC1, "x"), 1002},
                                   {text_frame("\xFF"), 1007},
                                   {client_head(0x81, 101), 1009}}) {
    TestClient client(gateway);
    client.open();
    client.send(text_frame("before") + sent);
    EXPECT_EQ(client.read_frame(),
              "\x81"
              "before");
    EXPECT_TRUE(is_closing(client.read_frame(), code)) << code;
    EXPECT_EQ(client.read_all(), "");
  }
  EXPECT_TRUE(wait_until([&] { return gateway.closed(EndReason::protocol_error) == 3; }));
  EXPECT_TRUE(wait_until([&] { return gateway.closed(EndReason::too_large) == 1; }));
  EXPECT_EQ(gateway.metrics().protocol_errors.read(), 3U);
}

TEST(WebSocketWire, WhoeverLeavesWithoutACloseHasVanished) {
  RunningGateway gateway;
  {
    TestClient client(gateway);
    client.open();
  }
  EXPECT_TRUE(wait_until([&] { return gateway.closed(EndReason::client_vanished) == 1; }));
}

void expect_dropped(ClientMessages policy, workers::DropReason reason) {
  RunningGateway gateway([policy](RunningGateway& g) { g.options.client_messages = policy; });
  TestClient client(gateway);
  client.open();
  client.send(text_frame("lost") + ping_frame("done"));
  EXPECT_EQ(client.read_frame(),
            "\x8A"
            "done");
  EXPECT_EQ(gateway.metrics().drops[static_cast<std::size_t>(reason)].read(), 1U);
  EXPECT_EQ(gateway.metrics().messages_received.read(), 1U);
}

TEST(WebSocketWire, MessagesForNobodyAreCounted) {
  expect_dropped(ClientMessages::backend, workers::DropReason::no_backend);
  expect_dropped(ClientMessages::drop, workers::DropReason::policy);
}

TEST(WebSocketWire, AnEnvelopedClientIsToldItsIdAndPositionFirst) {
  RunningGateway gateway;
  TestClient client(gateway);
  client.open("/?envelope=1");
  EXPECT_EQ(client.read_frame(),
            "\x81"
            R"({"notice":"open","id":"9f31c2d0-0-0-1","position":"0000000000c0ffee-0"})");
  client.send(text_frame("hi"));
  EXPECT_EQ(client.read_frame(),
            "\x81"
            R"({"event":"message","data":"hi"})");
}

TEST(WebSocketWire, APositionOfAnotherHistoryIsToldAsAGap) {
  RunningGateway gateway;
  TestClient client(gateway);
  client.open("/?since=00000000deadbeef-7");
  EXPECT_EQ(client.read_frame(),
            "\x81"
            R"({"notice":"open","id":"9f31c2d0-0-0-1","position":"0000000000c0ffee-0"})");
  EXPECT_EQ(client.read_frame(),
            "\x81"
            R"({"notice":"gap","reason":"other_epoch"})");
}

TEST(WebSocketWire, ARelayedMessageReachesEveryMemberOfTheSendersRoomsOnce) {
  RunningGateway gateway([](RunningGateway& g) {
    g.options.client_messages = ClientMessages::relay;
    g.worker_options.workers = 2;
  });
  TestClient sender(gateway), both(gateway), other(gateway);
  sender.open("/?room=a&room=b");
  both.open("/?room=a&room=b");
  other.open("/?room=c");
  sender.send(text_frame("to a and b"));
  EXPECT_EQ(sender.read_frame(),
            "\x81"
            "to a and b");
  EXPECT_EQ(both.read_frame(),
            "\x81"
            "to a and b");
  other.send(text_frame("to c"));
  EXPECT_EQ(other.read_frame(),
            "\x81"
            "to c");
  both.send(ping_frame("nothing else"));
  EXPECT_EQ(both.read_frame(), "\x8Anothing else");
}

// --- compression ---

void compress(RunningGateway& gateway) {
  gateway.options.compression = Compression::shared;
  gateway.options.compression_bytes_min = 64;
  gateway.options.message_bytes_max = 10'000;
}

std::string deflating_upgrade() {
  std::string request = TestClient::upgrade("/");
  return request.insert(request.size() - 2, "Sec-WebSocket-Extensions: permessage-deflate\r\n");
}

std::string deflated(const std::string& message) {
  Deflater deflater(15, 6, Context::fresh);
  std::string payload;
  EXPECT_TRUE(deflater.deflate(message, payload));
  return payload;
}

TEST(WebSocketWire, ADeflatedMessageIsInflatedAndItsEchoDeflated) {
  RunningGateway gateway(compress);
  TestClient client(gateway);
  client.send(deflating_upgrade());
  client.read_head();
  const std::string message(1000, 'x');
  client.send(client_frame(0xC1, deflated(message)) + text_frame("short"));
  const std::string echo = client.read_frame();
  ASSERT_EQ(echo[0], '\xC1');
  std::string inflated;
  Inflater inflater(15, Context::fresh);
  EXPECT_EQ(inflater.inflate(std::string_view(echo).substr(1), inflated, 10'000), Inflater::Outcome::fine);
  EXPECT_EQ(inflated, message);
  EXPECT_EQ(client.read_frame(), "\x81short");
}

TEST(WebSocketWire, ADeflatedMessageThatIsBrokenEndsWithItsCode) {
  RunningGateway gateway(compress);
  for (const auto& [payload, code] : {std::pair("\x07\x07\x07"s, 1007),
                                      {deflated(std::string(100, '\xFF')), 1007},
                                      {deflated(std::string(10'001, 'x')), 1009}}) {
    TestClient client(gateway);
    client.send(deflating_upgrade());
    client.read_head();
    client.send(client_frame(0xC1, payload));
    EXPECT_TRUE(is_closing(client.read_frame(), code)) << code;
  }
}

TEST(WebSocketWire, WhoeverDidNotAgreeOnCompressionMustNotDeflate) {
  RunningGateway gateway(compress);
  TestClient client(gateway);
  client.open();
  client.send(client_frame(0xC1, deflated(std::string(100, 'x'))));
  EXPECT_TRUE(is_closing(client.read_frame(), 1002));
}

TEST(WebSocketWire, ManyBytesFromFewAreAllTakenThoughReadsPauseBetween) {
  RunningGateway gateway(compress);
  TestClient client(gateway);
  client.send(deflating_upgrade());
  client.read_head();
  const std::string frame = client_frame(0xC1, deflated(std::string(10'000, 'x')));
  std::string frames;
  for (int number = 0; number < 100; ++number) frames += frame;
  client.send(frames + ping_frame("end"));
  for (int number = 0; number < 100; ++number) ASSERT_TRUE(client.read_frame().starts_with('\xC1')) << number;
  EXPECT_EQ(client.read_frame(),
            "\x8A"
            "end");
  EXPECT_EQ(gateway.metrics().messages_received.read(), 100U);
}

// --- heartbeats ---

void beat_fast(RunningGateway& gateway) {
  gateway.options.ping_interval_seconds = std::chrono::milliseconds(50);
  gateway.options.ping_timeout_seconds = std::chrono::milliseconds(50);
}

TEST(WebSocketWire, ASilentClientIsPingedAndThenClosed) {
  RunningGateway gateway(beat_fast);
  {
    TestClient client(gateway);
    client.open();
    EXPECT_EQ(client.read_any_frame(), "\x89");
    EXPECT_TRUE(is_closing(client.read_any_frame(), 1001));
    EXPECT_EQ(client.read_all(), "");
  }
  EXPECT_TRUE(wait_until([&] { return gateway.closed(EndReason::heartbeat_timeout) == 1; }));
}

TEST(WebSocketWire, WhoeverAnswersIsPingedAgain) {
  RunningGateway gateway([](RunningGateway& g) {
    beat_fast(g);
    g.options.ping_timeout_seconds = patience;
  });
  TestClient client(gateway);
  client.open();
  for (const std::string& sign_of_life : {pong_frame(""), pong_frame("other"), binary_frame("x").substr(0, 1)}) {
    EXPECT_EQ(client.read_any_frame(), "\x89");
    client.send(sign_of_life);
  }
  EXPECT_EQ(client.read_any_frame(), "\x89");
}

}  // namespace
}  // namespace sluice::gateway
