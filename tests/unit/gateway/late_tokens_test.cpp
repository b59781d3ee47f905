// What becomes of clients with tokens while the messages of their rooms are still to come here.

#include <gtest/gtest.h>

#include "identity/revocations.hpp"
#include "identity/token.hpp"
#include "tests/unit/gateway/running_gateway.hpp"
#include "tests/unit/gateway/udp_client.hpp"
#include "tests/unit/workers/late_broker.hpp"

namespace sluice::gateway {
namespace {

using base::Errc;
using workers::RoomKey;

std::shared_ptr<const identity::KeySet> keys_with(const identity::Key& key) {
  auto keys = std::make_shared<identity::KeySet>();
  keys->add(key);
  return keys;
}

class LateTokens : public testing::Test {
 protected:
  std::string token(const std::vector<std::string>& rooms = {}) const {
    identity::Claims claims;
    claims.subject = "ann";
    claims.expires = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now()) + 600;
    claims.rooms = rooms;
    return identity::make_token(claims, key_, identity::Algorithm::hs256, "").value();
  }
  bool waits() {
    return wait_until([this] { return broker_.rooms_waiting() > 0; });
  }
  void block_ann() {
    ASSERT_TRUE(revocations_.block_user("ann", std::chrono::system_clock::now() + std::chrono::hours(1)));
  }
  std::uint64_t members(const std::string& room) { return gateway_.pool->sequencer({}).members(RoomKey::room(room)); }
  // A client that speaks lines and came in with a token.
  TestClient liner() {
    broker_.prepares_at_once = true;
    TestClient client(gateway_.lines_address);
    client.send("{\"id\":1,\"connect\":{\"token\":\"" + token() + "\"}}\n");
    client.read_line();
    client.read_line();
    broker_.prepares_at_once = false;
    return client;
  }
  std::string renewal() const { return "{\"id\":2,\"token\":\"" + token({"vip"}) + "\"}\n"; }

  const identity::Key key_ = identity::Key::from_secret(std::string(32, 's')).value();
  base::Snapshot<identity::KeySet> keys_{keys_with(key_)};
  identity::Revocations revocations_;
  workers::LateBroker broker_;
  RunningGateway gateway_{[this](RunningGateway& g) {
    g.options.client_messages = ClientMessages::relay;
    g.identity.keys = &keys_;
    g.identity.revocations = &revocations_;
    g.identity.places.in_query = true;
    g.broker = &broker_;
    g.has_lines = true;
    g.has_udp = true;
  }};
};

TEST_F(LateTokens, TheRoomsOfANewOneArePreparedFirst) {
  TestClient client = liner();
  client.send(renewal() + "{\"id\":3,\"presence\":{\"rooms\":[\"vip\"]}}\n");
  ASSERT_TRUE(waits());
  broker_.prepare_rooms();
  EXPECT_TRUE(client.read_line().starts_with(R"({"reply":2,"ok":{"expires":)"));
  EXPECT_EQ(client.read_line(), R"({"reply":3,"ok":{"members":{"vip":1}}})");
}

TEST_F(LateTokens, WithoutThemItIsNotTaken) {
  TestClient client = liner();
  client.send(renewal());
  ASSERT_TRUE(waits());
  broker_.fail_rooms(Errc::unavailable);
  EXPECT_EQ(client.read_line(), R"({"reply":2,"error":{"code":"unavailable","message":"the broker said so"}})");
  EXPECT_EQ(members("vip"), 0U);
}

TEST_F(LateTokens, WhatComesInADatagramWithANewOneIsDoneBehindIt) {
  broker_.prepares_at_once = true;
  const UdpClient client(gateway_);
  const auto subscription = [](const std::string& proof, const std::string& shown) {
    return R"({"subscribe":{"room":"a","proof":")" + proof + R"(","token":")" + shown + "\"}}";
  };
  client.send(subscription("", token()));
  const std::string proof = client.receive().substr(14, 8);
  client.send(subscription(proof, token()));
  EXPECT_TRUE(client.receive().starts_with(R"({"subscribed":{"rooms":["a"])"));
  broker_.prepares_at_once = false;
  client.send(subscription(proof, token({"vip"})));
  ASSERT_TRUE(waits());
  broker_.prepare_rooms();
  EXPECT_TRUE(client.receive().starts_with(R"({"subscribed":{"rooms":["a"])"));
  EXPECT_EQ(members("vip"), 1U);
}

// --- who is kept out meanwhile ---

TEST_F(LateTokens, AWebSocketOfWhoIsBlockedMeanwhileDoesNotOpen) {
  TestClient client(gateway_);
  client.send(TestClient::upgrade("/?token=" + token()));
  ASSERT_TRUE(waits());
  block_ann();
  broker_.prepare_rooms();
  EXPECT_TRUE(client.read_all().starts_with("HTTP/1.1 401 "));
}

TEST_F(LateTokens, WhoSpeaksLinesAndIsBlockedMeanwhileDoesNotComeIn) {
  TestClient client(gateway_.lines_address);
  client.send("{\"connect\":{\"token\":\"" + token() + "\"}}\n");
  ASSERT_TRUE(waits());
  block_ann();
  broker_.prepare_rooms();
  EXPECT_TRUE(client.read_all().starts_with(R"({"error":{"code":"unauthenticated")"));
}

TEST_F(LateTokens, ASocketOfWhoIsBlockedMeanwhileDoesNotJoin) {
  TestClient client(gateway_);
  client.open("/socket.io/?EIO=4&transport=websocket&token=" + token());
  client.read_frame();
  client.send(text_frame("40"));
  ASSERT_TRUE(waits());
  block_ann();
  broker_.prepare_rooms();
  EXPECT_TRUE(client.read_frame().starts_with(heard(R"(44{"message":"the token is of a user who is blocked")")));
}

TEST_F(LateTokens, ADatagramOfWhoIsBlockedMeanwhileSubscribesToNothing) {
  const UdpClient client(gateway_);
  const std::string begin = R"({"subscribe":{"room":"a","token":")" + token() + R"(","proof":")";
  client.send(begin + "\"}}");
  client.send(begin + client.receive().substr(14, 8) + "\"}}");
  ASSERT_TRUE(waits());
  block_ann();
  broker_.prepare_rooms();
  EXPECT_TRUE(client.receive().starts_with(R"({"error":{"code":"unauthenticated")"));
}

}  // namespace
}  // namespace sluice::gateway
