// What becomes of requests whose rooms have no messages here yet: they wait, and what is said meanwhile is kept.

#include <gtest/gtest.h>

#include "tests/unit/gateway/late_rooms.hpp"

namespace sluice::gateway {
namespace {

using base::Errc;

std::string get(const std::string& target) { return "GET " + target + " HTTP/1.1\r\nHost: h\r\n\r\n"; }

TEST_F(LateRooms, AWebSocketOpensOnceItsRoomIsPreparedAndNothingOfWhatItSaidIsLost) {
  TestClient client(gateway_);
  client.send(TestClient::upgrade("/?room=a") + text_frame("first"));
  ASSERT_TRUE(waits());
  client.send(text_frame("second"));
  ASSERT_TRUE(prepare());
  EXPECT_EQ(client.read_head(), "HTTP/1.1 101 Switching Protocols");
  EXPECT_EQ(client.read_frame(), heard("first"));
  EXPECT_EQ(client.read_frame(), heard("second"));
}

TEST_F(LateRooms, ARoomThatIsPreparedOpensForTheNextAtOnce) {
  TestClient client(gateway_), next(gateway_);
  client.send(TestClient::upgrade("/?room=a"));
  ASSERT_TRUE(prepare());
  client.read_head();
  EXPECT_EQ(next.open("/?room=a"), "HTTP/1.1 101 Switching Protocols");
}

TEST_F(LateRooms, ARequestWhoseRoomsCannotBeHadMayComeAgain) {
  for (const char* target : {"/?room=a", "/engine.io/?EIO=4&transport=websocket"}) {
    for (const bool is_late : {true, false}) {
      if (!is_late) broker_.refuse_rooms(Errc::unavailable);
      TestClient client(gateway_);
      client.send(TestClient::upgrade(target));
      if (is_late) {
        EXPECT_TRUE(fail());
      }
      const std::string answer = client.read_all();
      EXPECT_TRUE(answer.starts_with("HTTP/1.1 503 ")) << answer;
      EXPECT_NE(answer.find("\r\nRetry-After: "), std::string::npos);
      EXPECT_NE(answer.find(R"({"error":"unavailable")"), std::string::npos);
      broker_.refuse_rooms(std::nullopt);
    }
  }
}

TEST_F(LateRooms, ThatIsToldWithTheHeadersOfItsPath) {
  for (const char* path : {"/sse?room=a", "/poll?room=a"}) {
    TestClient client(gateway_);
    client.send("GET " + std::string(path) + " HTTP/1.1\r\nHost: h\r\nOrigin: http://elsewhere\r\n\r\n");
    ASSERT_TRUE(fail());
    const std::string answer = client.read_all();
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 503 ")) << answer;
    EXPECT_NE(answer.find("Access-Control-Allow-Origin"), std::string::npos) << answer;
  }
}

TEST_F(LateRooms, ARequestThatIsGoneWaitsForNothing) {
  {
    TestClient client(gateway_);
    client.send(TestClient::upgrade("/?room=a"));
    ASSERT_TRUE(waits());
  }
  ASSERT_TRUE(is_empty());
  ASSERT_TRUE(prepare());
  TestClient next(gateway_);
  EXPECT_EQ(next.open("/?room=a"), "HTTP/1.1 101 Switching Protocols");
}

TEST_F(LateRooms, ADrainAnswersWhoWaits) {
  TestClient client(gateway_);
  client.send(TestClient::upgrade("/?room=a"));
  ASSERT_TRUE(waits());
  gateway_.pool->drain(
      {.over = std::chrono::milliseconds(0), .ending = {workers::EndReason::draining, 1001, "going away"}});
  EXPECT_TRUE(client.read_all().starts_with("HTTP/1.1 503 "));
  ASSERT_TRUE(prepare());
}

TEST_F(LateRooms, AStreamBeginsWithWhatItMissed) {
  say("a", "missed");
  TestClient client(gateway_);
  client.send(get("/sse?room=a&lastEventId=" + position(0)));
  ASSERT_TRUE(prepare());
  EXPECT_EQ(client.read_head(), "HTTP/1.1 200 OK");
  EXPECT_NE(client.read_until("data: missed\n\n").find("id: " + position(1)), std::string::npos);
}

TEST_F(LateRooms, AnEngineSessionOpensOnceItsRoomIsPrepared) {
  TestClient client(gateway_);
  client.send(get("/engine.io/?EIO=4&transport=polling&room=a"));
  ASSERT_TRUE(prepare());
  EXPECT_EQ(client.read_head(), "HTTP/1.1 200 OK");
}

std::string answer_to(TestClient& client) {
  client.read_head();
  return client.read_line();
}

TEST_F(LateRooms, APollHasWhatTheHistoryHasOfItsRooms) {
  say("a", "missed");
  TestClient client(gateway_);
  client.send(get("/poll?room=a&cursor=" + position(0)));
  ASSERT_TRUE(prepare());
  const std::string answer = answer_to(client);
  EXPECT_NE(answer.find(R"("data":"missed")"), std::string::npos) << answer;
  EXPECT_NE(answer.find(R"("gap":false)"), std::string::npos) << answer;
}

// A poller that began from now, and asks from further back than this node has its room.
class LatePolls : public LateRooms {
 protected:
  LatePolls() {
    say("a", "missed");
    client_.send(get("/poll?room=a"));
    EXPECT_TRUE(prepare());
    const std::string answer = answer_to(client_);
    const auto point = answer.find('.', answer.find("cursor"));
    session_ = answer.substr(point, answer.find('"', point) - point);
  }
  std::string from_the_beginning(const std::string& wait = "0") {
    return get("/poll?wait=" + wait + "&cursor=" + position(0) + session_);
  }

  TestClient client_{gateway_};
  std::string session_;
};

TEST_F(LatePolls, WhatIsFurtherBackIsFetched) {
  client_.send(from_the_beginning());
  ASSERT_TRUE(prepare());
  const std::string answer = answer_to(client_);
  EXPECT_NE(answer.find(R"("data":"missed")"), std::string::npos) << answer;
}

TEST_F(LatePolls, WhatComesMeanwhileStandsBehindIt) {
  client_.send(from_the_beginning("20s"));
  ASSERT_TRUE(waits());
  say("a", "live");
  ASSERT_TRUE(prepare());
  const std::string answer = answer_to(client_);
  const auto missed = answer.find(R"("data":"missed")"), live = answer.find(R"("data":"live")");
  EXPECT_LT(missed, live) << answer;
  EXPECT_NE(live, std::string::npos) << answer;
}

TEST_F(LatePolls, OneThatCannotHaveItMayAskAgain) {
  client_.send(from_the_beginning());
  ASSERT_TRUE(fail());
  EXPECT_EQ(client_.read_head(), "HTTP/1.1 503 Service Unavailable");
  TestClient again(gateway_);
  again.send(from_the_beginning());
  ASSERT_TRUE(prepare());
  EXPECT_NE(answer_to(again).find(R"("data":"missed")"), std::string::npos);
}

TEST_F(LatePolls, TheNextPollTakesThePlaceOfOneThatWaits) {
  client_.send(from_the_beginning());
  ASSERT_TRUE(waits());
  TestClient next(gateway_);
  next.send(from_the_beginning());
  EXPECT_NE(answer_to(client_).find(R"("messages":[])"), std::string::npos);
  ASSERT_TRUE(prepare());
  EXPECT_NE(answer_to(next).find(R"("data":"missed")"), std::string::npos);
}

TEST_F(LatePolls, OneThatIsGoneWaitsForNothing) {
  {
    TestClient gone(gateway_);
    gone.send(from_the_beginning());
    ASSERT_TRUE(waits());
  }
  ASSERT_TRUE(wait_until([this] { return gateway_.pool->connections() == 2; }));
  ASSERT_TRUE(prepare());
  client_.send(from_the_beginning());
  EXPECT_NE(answer_to(client_).find(R"("data":"missed")"), std::string::npos);
}

}  // namespace
}  // namespace sluice::gateway
