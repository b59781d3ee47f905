// What becomes of clients who come by verdicts, lines, commands and datagrams, and whose rooms have no messages here
// yet.

#include <gtest/gtest.h>

#include "tests/unit/gateway/late_rooms.hpp"
#include "tests/unit/gateway/udp_client.hpp"

namespace sluice::gateway {
namespace {

using base::Errc;
using workers::LateBroker;

// --- verdicts ---

// Is asked about each client.
class Judge final : public workers::Backend {
 public:
  bool is_listening() const override { return true; }
  bool wants(workers::ClientEvent::Kind kind) const override { return kind == workers::ClientEvent::Kind::connecting; }
  Offer offer(workers::ClientEvent event) override {
    if (event.kind == workers::ClientEvent::Kind::connecting) asked_.set_value(std::move(event));
    return Offer::taken;
  }
  void forget(const base::ConnectionId&) override { ++forgotten; }
  bool is_behind(const base::ConnectionId&) const override { return false; }
  workers::ClientEvent asked() { return asked_.get_future().get(); }

  std::atomic<int> forgotten{0};

 private:
  std::promise<workers::ClientEvent> asked_;
};

class JudgedRooms : public testing::Test {
 protected:
  JudgedRooms() { broker_.takes_at_once = true; }
  // Lets the one who asks in, into a room of its own.
  void allow() {
    const workers::ClientEvent asked = judge_.asked();
    workers::Verdict verdict;
    verdict.allows = true;
    verdict.rooms = {workers::RoomKey::room("vip")};
    EXPECT_TRUE(gateway_.pool->give_verdict(asked.connection, asked.verdict, verdict, [](bool) {}));
    EXPECT_TRUE(wait_until([this] { return broker_.rooms_waiting() > 0; }));
  }

  LateBroker broker_;
  Judge judge_;
  RunningGateway gateway_{[this](RunningGateway& g) {
    g.options.client_messages = ClientMessages::relay;
    g.options.connect_verdict = ConnectVerdict::required;
    g.broker = &broker_;
    g.backend = &judge_;
    g.has_lines = true;
  }};
};

TEST_F(JudgedRooms, ThoseOfAVerdictArePreparedToo) {
  TestClient client(gateway_);
  client.send(TestClient::upgrade("/") + text_frame("hi"));
  allow();
  EXPECT_EQ(judge_.forgotten, 0);
  broker_.prepare_rooms();
  EXPECT_EQ(client.read_head(), "HTTP/1.1 101 Switching Protocols");
  EXPECT_EQ(client.read_frame(), heard("hi"));
  EXPECT_EQ(gateway_.pool->sequencer({}).members(workers::RoomKey::room("vip")), 1U);
  EXPECT_EQ(judge_.forgotten, 0);
}

TEST_F(JudgedRooms, WhoIsNotInAfterAllIsForgotten) {
  TestClient client(gateway_);
  client.send(TestClient::upgrade("/"));
  allow();
  broker_.fail_rooms(Errc::unavailable);
  EXPECT_TRUE(client.read_all().starts_with("HTTP/1.1 503 "));
  EXPECT_TRUE(wait_until([this] { return judge_.forgotten == 1; }));
}

TEST_F(JudgedRooms, WhoSpeaksLinesIsNotForgottenWhileItWaits) {
  TestClient client(gateway_.lines_address);
  client.send("{\"id\":1,\"connect\":{}}\n");
  allow();
  EXPECT_EQ(judge_.forgotten, 0);
  broker_.prepare_rooms();
  EXPECT_NE(client.read_line(), "");
  EXPECT_EQ(client.read_line(), R"({"reply":1,"ok":{}})");
  EXPECT_EQ(judge_.forgotten, 0);
}

TEST_F(JudgedRooms, WhoIsEndedWhileItWaitsIsForgotten) {
  TestClient client(gateway_.lines_address);
  client.send("{\"connect\":{}}\n");
  allow();
  gateway_.pool->drain(
      {.over = std::chrono::milliseconds(0), .ending = {workers::EndReason::draining, 1001, "going away"}});
  EXPECT_NE(client.read_all(), "");
  broker_.prepare_rooms();
  EXPECT_TRUE(wait_until([this] { return judge_.forgotten == 1; }));
}

TEST(JudgedBody, OneThatDoesNotComeBehindTheVerdictIs408) {
  Judge judge;
  RunningGateway gateway([&judge](RunningGateway& g) {
    g.options.connect_verdict = ConnectVerdict::required;
    g.options.handshake_seconds_max = std::chrono::milliseconds(50);
    g.backend = &judge;
  });
  TestClient client(gateway);
  client.send("POST /publish HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n");
  const workers::ClientEvent asked = judge.asked();
  workers::Verdict verdict;
  verdict.allows = true;
  EXPECT_TRUE(gateway.pool->give_verdict(asked.connection, asked.verdict, verdict, [](bool) {}));
  EXPECT_TRUE(client.read_all().starts_with("HTTP/1.1 408 "));
}

// --- lines and commands ---

class LateCommands : public LateRooms {
 protected:
  // In the lobby.
  TestClient liner() {
    broker_.prepares_at_once = true;
    TestClient client(gateway_.lines_address);
    client.send("{}\n");
    client.read_line();
    broker_.prepares_at_once = false;
    return client;
  }
};

TEST_F(LateCommands, AFirstLineWaitsForItsRoomsAndWhatStandsBehindItToo) {
  TestClient client(gateway_.lines_address);
  client.send("{\"id\":1,\"join\":{\"rooms\":[\"a\"]}}\n{\"id\":2,\"presence\":{\"rooms\":[\"a\"]}}\n");
  ASSERT_TRUE(prepare());
  EXPECT_TRUE(client.read_line().starts_with(R"({"notice":"open")"));
  EXPECT_EQ(client.read_line(), R"({"reply":1,"ok":{}})");
  EXPECT_EQ(client.read_line(), R"({"reply":2,"ok":{"members":{"a":1}}})");
}

TEST_F(LateCommands, AFirstLineWhoseRoomsCannotBeHadEndsIt) {
  TestClient client(gateway_.lines_address);
  client.send("{\"id\":1,\"join\":{\"rooms\":[\"a\"]}}\n");
  ASSERT_TRUE(fail());
  EXPECT_EQ(client.read_all(),
            "{\"reply\":1,\"error\":{\"code\":\"unavailable\",\"message\":\"the broker said so\"}}\n");
}

TEST_F(LateCommands, AJoinWaitsForItsRoomAndWhatStandsBehindItToo) {
  say("a", "missed");
  TestClient client = liner();
  client.send("{\"id\":1,\"join\":{\"rooms\":[\"a\"],\"since\":\"" + position(0) +
              "\"}}\n{\"id\":2,\"presence\":{\"rooms\":[\"a\"]}}\n");
  ASSERT_TRUE(prepare());
  EXPECT_EQ(client.read_line(), R"({"reply":1,"ok":{"position":")" + position(0) + R"("}})");
  EXPECT_TRUE(client.read_line().starts_with(R"({"event":"message","data":"missed")"));
  EXPECT_EQ(client.read_line(), R"({"reply":2,"ok":{"members":{"a":1}}})");
}

TEST_F(LateCommands, AJoinWhoseRoomCannotBeHadIsAnsweredSoAndTheClientStays) {
  TestClient client = liner();
  client.send("{\"id\":1,\"join\":{\"rooms\":[\"a\"]}}\n{\"id\":2,\"presence\":{\"rooms\":[\"a\"]}}\n");
  ASSERT_TRUE(fail());
  EXPECT_EQ(client.read_line(), R"({"reply":1,"error":{"code":"unavailable","message":"the broker said so"}})");
  EXPECT_EQ(client.read_line(), R"({"reply":2,"ok":{"members":{"a":0}}})");
  broker_.refuse_rooms(Errc::unavailable);
  client.send("{\"id\":3,\"join\":{\"rooms\":[\"a\"]}}\n");
  EXPECT_EQ(client.read_line(), R"({"reply":3,"error":{"code":"unavailable","message":"the broker refuses them"}})");
}

TEST_F(LateCommands, WhoIsGoneJoinsNothing) {
  {
    TestClient client = liner();
    client.send("{\"id\":1,\"join\":{\"rooms\":[\"a\"]}}\n");
    ASSERT_TRUE(waits());
    // Nobody reads what a client says that waits, but it is looked at whether it is still there.
    gateway_.pool->drain(
        {.over = std::chrono::milliseconds(0), .ending = {workers::EndReason::draining, 1001, "going away"}});
    ASSERT_NE(client.read_all(), "");
  }
  ASSERT_TRUE(is_empty());
  ASSERT_TRUE(prepare());
  EXPECT_EQ(gateway_.pool->sequencer({}).members(workers::RoomKey::room("a")), 0U);
}

// --- datagrams ---

TEST_F(LateRooms, ADatagramSubscribesOnceItsRoomIsPrepared) {
  const UdpClient client(gateway_);
  client.ask_to_subscribe("a");
  ASSERT_TRUE(prepare());
  EXPECT_TRUE(client.receive().starts_with(R"({"subscribed":{"rooms":["a"])"));
  client.ask_to_subscribe("b");
  ASSERT_TRUE(prepare());
  EXPECT_TRUE(client.receive().starts_with(R"({"subscribed":{"rooms":["b"])"));
}

TEST_F(LateRooms, ADatagramWhoseRoomCannotBeHadIsAnsweredSo) {
  const UdpClient client(gateway_);
  client.ask_to_subscribe("a");
  ASSERT_TRUE(fail());
  EXPECT_EQ(client.receive(), R"({"error":{"code":"unavailable","message":"the broker said so"}})");
  client.ask_to_subscribe("a");
  ASSERT_TRUE(prepare());
  EXPECT_TRUE(client.receive().starts_with(R"({"subscribed":{"rooms":["a"])"));
}

}  // namespace
}  // namespace sluice::gateway
