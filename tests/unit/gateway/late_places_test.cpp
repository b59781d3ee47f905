// What clients see whose messages get their places later than at once, or not at all.

#include <gtest/gtest.h>

#include "tests/unit/gateway/running_gateway.hpp"
#include "tests/unit/workers/late_broker.hpp"

namespace sluice::gateway {
namespace {

using base::Errc;

class LatePlaces : public testing::Test {
 protected:
  LatePlaces() { broker_.prepares_at_once = true; }

  // A WebSocket in the lobby that says commands, and was told where it stands.
  TestClient commander() {
    TestClient client(gateway_);
    std::string request = TestClient::upgrade("/");
    request.insert(request.size() - 2, "Sec-WebSocket-Protocol: sluice.v1.json\r\n");
    client.send(request);
    client.read_head();
    client.read_frame();
    return client;
  }
  // A Socket.IO client in the lobby.
  TestClient socket() {
    TestClient client(gateway_);
    client.open("/socket.io/?EIO=4&transport=websocket");
    client.read_frame();
    client.send(text_frame("40"));
    client.read_frame();
    return client;
  }
  // A client that speaks lines, in the lobby.
  TestClient liner() {
    TestClient client(gateway_.lines_address);
    client.send("{}\n");
    client.read_line();
    return client;
  }
  bool waits(std::size_t messages) {
    return wait_until([&] { return broker_.messages_waiting() == messages; });
  }
  std::uint64_t lost() const {
    return gateway_.metrics().drops[static_cast<std::size_t>(workers::DropReason::no_broker)].read();
  }
  std::string position(std::uint64_t offset) { return workers::LateBroker::at(offset).text(); }

  workers::LateBroker broker_;
  RunningGateway gateway_{[this](RunningGateway& g) {
    g.options.client_messages = ClientMessages::relay;
    g.broker = &broker_;
    g.has_lines = true;
  }};
};

// --- messages that nobody answers ---

TEST_F(LatePlaces, AMessageIsHeardOnceItHasItsPlace) {
  TestClient client(gateway_);
  client.open();
  client.send(text_frame("one") + text_frame("two") + ping_frame("p"));
  EXPECT_EQ(client.read_frame(), "\x8Ap");
  ASSERT_TRUE(waits(2));
  broker_.take_messages();
  EXPECT_EQ(client.read_frame(), heard("one"));
  EXPECT_EQ(client.read_frame(), heard("two"));
}

TEST_F(LatePlaces, ReadsPauseWhileTheBrokerIsFull) {
  broker_.refuse_messages(Errc::exhausted);
  TestClient client(gateway_);
  client.open();
  client.send(text_frame("one") + text_frame("two"));
  ASSERT_TRUE(wait_until([this] { return gateway_.metrics().reads_paused.read() == 1; }));
  EXPECT_EQ(broker_.messages_waiting(), 0U);
  broker_.refuse_messages(std::nullopt);
  ASSERT_TRUE(waits(2));
  broker_.take_messages();
  EXPECT_EQ(client.read_frame(), heard("one"));
  EXPECT_EQ(client.read_frame(), heard("two"));
}

TEST_F(LatePlaces, AMessageWithoutABrokerIsCountedAsLostAndItsSenderStays) {
  broker_.refuse_messages(Errc::unavailable);
  TestClient client(gateway_);
  client.open();
  client.send(text_frame("one") + ping_frame("p"));
  EXPECT_EQ(client.read_frame(), "\x8Ap");
  EXPECT_EQ(lost(), 1U);
}

// --- commands ---

TEST_F(LatePlaces, AReplyComesOnceThePlaceIsKnownAndHoldsUpNoOther) {
  TestClient client = commander();
  client.send(text_frame(R"({"id":1,"publish":{"data":"a"}})") + text_frame(R"({"id":2,"publish":{"data":"b"}})") +
              text_frame(R"({"id":3,"presence":{"rooms":["lobby"]}})"));
  EXPECT_EQ(client.read_frame(), heard(R"({"reply":3,"ok":{"members":{"lobby":1}}})"));
  ASSERT_TRUE(waits(2));
  broker_.take_messages();
  std::vector<std::string> replies;
  while (replies.size() < 2) {
    const std::string frame = client.read_frame();
    if (frame.find("reply") != std::string::npos) replies.push_back(frame.substr(1));
  }
  EXPECT_EQ(replies[0], R"({"reply":1,"ok":{"position":")" + position(1) + R"("}})");
  EXPECT_EQ(replies[1], R"({"reply":2,"ok":{"position":")" + position(2) + R"("}})");
}

TEST_F(LatePlaces, APublishThatIsLostIsAnsweredWithTheReason) {
  TestClient client = commander();
  client.send(text_frame(R"({"id":1,"publish":{"data":"a"}})"));
  ASSERT_TRUE(waits(1));
  broker_.lose_messages(Errc::unavailable);
  EXPECT_EQ(client.read_frame(), heard(R"({"reply":1,"error":{"code":"unavailable","message":"the broker said so"}})"));
  EXPECT_EQ(lost(), 1U);
}

TEST_F(LatePlaces, ACommandWaitsWhileTheBrokerIsFull) {
  broker_.refuse_messages(Errc::exhausted);
  TestClient client = commander();
  client.send(text_frame(R"({"id":1,"publish":{"data":"a"}})"));
  ASSERT_TRUE(wait_until([this] { return gateway_.metrics().reads_paused.read() == 1; }));
  broker_.takes_at_once = true;
  broker_.refuse_messages(std::nullopt);
  EXPECT_EQ(client.read_frame(), heard(R"({"reply":1,"ok":{"position":")" + position(1) + R"("}})"));
}

TEST_F(LatePlaces, OneClientHasNoMoreThanAThousandUnderWay) {
  TestClient client = commander();
  for (int id = 0; id < 1001; ++id) {
    client.send(text_frame(R"({"id":)" + std::to_string(id) + R"(,"publish":{"data":"a"}})"));
  }
  ASSERT_TRUE(waits(1000));
  ASSERT_TRUE(wait_until([this] { return gateway_.metrics().reads_paused.read() == 1; }));
  broker_.take_messages();
  EXPECT_TRUE(waits(1));
}

TEST_F(LatePlaces, APlaceForACommanderThatIsGoneIsNobodys) {
  {
    TestClient client = commander();
    client.send(text_frame(R"({"id":1,"publish":{"data":"a"}})"));
    ASSERT_TRUE(waits(1));
  }
  ASSERT_TRUE(wait_until([this] { return gateway_.pool->connections() == 0; }));
  broker_.take_messages();
  TestClient next = commander();
  next.send(ping_frame("p"));
  EXPECT_EQ(next.read_frame(), "\x8Ap");
}

TEST_F(LatePlaces, WhoHasSaidAllGetsTheRepliesThatItIsOwed) {
  TestClient client = liner();
  client.send(R"({"id":1,"publish":{"data":"a"}})"
              "\n");
  client.end_sending();
  ASSERT_TRUE(waits(1));
  broker_.take_messages();
  const std::string all = client.read_all();
  EXPECT_NE(all.find(R"({"reply":1,"ok":{"position":")" + position(1) + R"("}})"), std::string::npos) << all;
}

// --- Socket.IO ---

TEST_F(LatePlaces, AnAcknowledgementHasTheCountOnceThePlaceIsKnown) {
  TestClient client = socket(), other = socket();
  client.send(text_frame(R"(420["say","x"])"));
  ASSERT_TRUE(waits(1));
  broker_.take_messages();
  EXPECT_EQ(client.read_frame(), heard("430[1]"));
}

TEST_F(LatePlaces, WhoIsInSeveralRoomsCountsOnce) {
  const auto in_two_rooms = [this] {
    TestClient client(gateway_);
    client.open("/socket.io/?EIO=4&transport=websocket&room=a&room=b");
    client.read_frame();
    client.send(text_frame("40"));
    client.read_frame();
    return client;
  };
  TestClient client = in_two_rooms(), other = in_two_rooms();
  client.send(text_frame(R"(421["say","x"])"));
  ASSERT_TRUE(waits(1));
  broker_.take_messages();
  EXPECT_EQ(client.read_frame(), heard("431[1]"));
}

TEST_F(LatePlaces, WhatIsLostHasReachedNobody) {
  TestClient client = socket(), other = socket();
  client.send(text_frame(R"(420["say","x"])"));
  ASSERT_TRUE(waits(1));
  broker_.lose_messages(Errc::unavailable);
  EXPECT_EQ(client.read_frame(), heard("430[0]"));
  broker_.refuse_messages(Errc::unavailable);
  client.send(text_frame(R"(421["say","x"])"));
  EXPECT_EQ(client.read_frame(), heard("431[0]"));
  EXPECT_EQ(lost(), 2U);
}

TEST_F(LatePlaces, ASocketWaitsWhileTheBrokerIsFull) {
  broker_.refuse_messages(Errc::exhausted);
  TestClient client = socket();
  client.send(text_frame(R"(420["say","x"])"));
  ASSERT_TRUE(wait_until([this] { return gateway_.metrics().reads_paused.read() == 1; }));
  broker_.takes_at_once = true;
  broker_.refuse_messages(std::nullopt);
  EXPECT_EQ(client.read_frame(), heard("430[0]"));
}

TEST_F(LatePlaces, ACountForASocketThatIsGoneIsNobodys) {
  {
    TestClient client = socket();
    client.send(text_frame(R"(420["say","x"])"));
    ASSERT_TRUE(waits(1));
  }
  ASSERT_TRUE(wait_until([this] { return gateway_.pool->connections() == 0; }));
  broker_.take_messages();
  TestClient next = socket();
  next.send(text_frame(R"(420["say","x"])"));
  EXPECT_TRUE(waits(1));
}

// --- POST /publish ---

const std::string post = "POST /publish HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi";

TEST_F(LatePlaces, APostIsAnsweredOnceThePlaceIsKnown) {
  TestClient client(gateway_);
  client.send(post);
  ASSERT_TRUE(waits(1));
  broker_.take_messages();
  const std::string answer = client.read_all();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 202 ")) << answer;
  EXPECT_NE(answer.find(R"({"position":")" + position(1)), std::string::npos);
}

TEST_F(LatePlaces, APostThatIsLostMayComeAgain) {
  for (const bool is_late : {true, false}) {
    if (!is_late) broker_.refuse_messages(Errc::unavailable);
    TestClient client(gateway_);
    client.send(post);
    if (is_late) {
      ASSERT_TRUE(waits(1));
      broker_.lose_messages(Errc::unavailable);
    }
    const std::string answer = client.read_all();
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 503 ")) << answer;
    EXPECT_NE(answer.find("\r\nRetry-After: "), std::string::npos);
  }
  EXPECT_EQ(lost(), 2U);
}

TEST_F(LatePlaces, APlaceForAPostThatIsGoneIsNobodys) {
  {
    TestClient client(gateway_);
    client.send(post);
    ASSERT_TRUE(waits(1));
  }
  ASSERT_TRUE(wait_until([this] { return gateway_.pool->connections() == 0; }));
  broker_.take_messages();
  TestClient next(gateway_);
  next.send(post);
  ASSERT_TRUE(waits(1));
  broker_.take_messages();
  EXPECT_TRUE(next.read_all().starts_with("HTTP/1.1 202 "));
}

}  // namespace
}  // namespace sluice::gateway
