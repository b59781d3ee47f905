#include "gateway/websocket_wire.hpp"

#include <gtest/gtest.h>

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

TEST(WebSocketWire, MessagesForNobodyAreCounted) {
  for (const auto& [policy, reason] : {std::pair(ClientMessages::backend, workers::DropReason::no_backend),
                                       {ClientMessages::drop, workers::DropReason::policy}}) {
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
