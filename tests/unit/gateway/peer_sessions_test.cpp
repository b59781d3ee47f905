#include "gateway/peer_sessions.hpp"

#include <gtest/gtest.h>

#include "tests/unit/gateway/engine_requests.hpp"
#include "tests/unit/gateway/running_nodes.hpp"

namespace sluice::gateway {
namespace {

constexpr const char* unknown = "{\"code\":1,\"message\":\"Session ID unknown\"}";

std::uint64_t carried(const RunningGateway& gateway) {
  return gateway.metrics(0).roaming.requests.read() + gateway.metrics(1).roaming.requests.read();
}

TEST(PeerSessions, RequestsFindTheirSessionOnAnotherNode) {
  RunningNodes nodes;
  for (int round = 0; round < 10; ++round) {
    const std::string target = open_session(nodes.here, "/engine.io/"), text = "4" + std::to_string(round);
    EXPECT_EQ(ask(nodes.there, "POST", target + "polling", text), "ok");
    EXPECT_EQ(ask(nodes.here, "GET", target + "polling"), text);
    EXPECT_EQ(ask(nodes.here, "POST", target + "polling", text), "ok");
    EXPECT_EQ(ask(nodes.there, "GET", target + "polling"), text);
  }
  EXPECT_EQ(carried(nodes.there), 20U);
  EXPECT_EQ(carried(nodes.here), 0U);
}

TEST(PeerSessions, APollThatIsHeldIsAnsweredWhenSomethingComes) {
  RunningNodes nodes;
  const std::string target = open_session(nodes.here, "/engine.io/");
  TestClient client(nodes.there);
  client.send(request_of("GET", target + "polling"));
  EXPECT_TRUE(wait_until([&] { return nodes.network.waiting() == 1; }));
  EXPECT_EQ(ask(nodes.here, "POST", target + "polling", "4hi"), "ok");
  EXPECT_EQ(body_of(client.read_all()), "4hi");
  EXPECT_EQ(nodes.network.waiting(), 0U);
}

TEST(PeerSessions, RequestsOnOneConnectionKeepTheirOrderWhereverTheirSessionsAre) {
  RunningNodes nodes;
  const std::string far = open_session(nodes.here, "/engine.io/"), near = open_session(nodes.there, "/engine.io/");
  EXPECT_EQ(ask(nodes.there, "POST", near + "polling", "4near"), "ok");
  TestClient client(nodes.there);
  client.send("GET " + far + "polling HTTP/1.1\r\nHost: localhost\r\n\r\n" + request_of("GET", near + "polling"));
  EXPECT_TRUE(wait_until([&] { return nodes.network.waiting() == 1; }));
  EXPECT_EQ(ask(nodes.here, "POST", far + "polling", "4far"), "ok");
  const std::string answers = client.read_all();
  EXPECT_LT(answers.find("4far"), answers.find("4near"));
  EXPECT_NE(answers.find("4near"), std::string::npos);
}

TEST(PeerSessions, AClientThatIsGoneEndsItsSession) {
  RunningNodes nodes;
  const std::string target = open_session(nodes.here, "/engine.io/");
  {
    TestClient client(nodes.there);
    client.send(request_of("GET", target + "polling"));
    EXPECT_TRUE(wait_until([&] { return nodes.network.waiting() == 1; }));
  }
  EXPECT_TRUE(wait_until([&] { return nodes.here.pool->connections() == 0 && nodes.network.waiting() == 0; }));
  EXPECT_EQ(ask(nodes.there, "GET", target + "polling"), unknown);
}

TEST(PeerSessions, TwoPollsAtATimeEndASessionWhoeverHasReadThem) {
  RunningNodes nodes;
  const std::string target = open_session(nodes.here, "/engine.io/");
  TestClient first(nodes.there);
  first.send(request_of("GET", target + "polling"));
  EXPECT_TRUE(wait_until([&] { return nodes.network.waiting() == 1; }));
  EXPECT_EQ(ask(nodes.here, "GET", target + "polling"), "{\"code\":3,\"message\":\"Bad request\"}");
  EXPECT_EQ(body_of(first.read_all()), "1");
}

TEST(PeerSessions, APostThatIsLongInComingStandsInTheWayOfAnother) {
  RunningNodes nodes;
  const std::string target = open_session(nodes.here, "/engine.io/");
  TestClient slow(nodes.there);
  const std::string request = request_of("POST", target + "polling", "4slowly");
  slow.send(request.substr(0, request.size() - 4));
  // Until it was told that the POST has begun.
  EXPECT_TRUE(wait_until([&] {
    TestClient poll(nodes.here);
    const std::string answer = ask(nodes.here, "POST", target + "polling", "4fast");
    return answer != "ok";
  }));
  EXPECT_EQ(ask(nodes.here, "GET", target + "polling"), unknown);
}

TEST(PeerSessions, OfANodeThatIsNotThereThereIsNoSession) {
  RunningNodes nodes;
  const std::string target = open_session(nodes.here, "/engine.io/");
  nodes.network.lose(RunningNodes::here_incarnation);
  EXPECT_EQ(ask(nodes.there, "GET", target + "polling"), unknown);
  EXPECT_EQ(ask(nodes.there, "POST", target + "polling", "4x"), unknown);
}

TEST(PeerSessions, WhoWaitsForANodeThatIsLostIsToldThatTheSessionIsGone) {
  RunningNodes nodes;
  const std::string target = open_session(nodes.here, "/engine.io/");
  TestClient client(nodes.there);
  client.send(request_of("GET", target + "polling"));
  EXPECT_TRUE(wait_until([&] { return nodes.network.waiting() == 1; }));
  nodes.network.lose(RunningNodes::here_incarnation);
  EXPECT_EQ(body_of(client.read_all()), unknown);
}

TEST(PeerSessions, ASessionWhosePollANodeHadThatIsLostEnds) {
  RunningNodes nodes;
  const std::string target = open_session(nodes.here, "/engine.io/");
  TestClient client(nodes.there);
  client.send(request_of("GET", target + "polling"));
  EXPECT_TRUE(wait_until([&] { return nodes.network.waiting() == 1; }));
  // The question may still be on its way when the node is lost.
  EXPECT_TRUE(wait_until([&] {
    nodes.network.lose(RunningNodes::there_incarnation);
    return nodes.here.pool->connections() == 0;
  }));
}

TEST(PeerSessions, ANodeWithAnotherSecretKnowsNoSession) {
  RunningNodes nodes([](RunningGateway& gateway) {
    if (gateway.incarnation == RunningNodes::there_incarnation) gateway.secret[0] = 'x';
  });
  const std::string target = open_session(nodes.here, "/engine.io/");
  EXPECT_EQ(ask(nodes.there, "GET", target + "polling"), unknown);
  EXPECT_EQ(carried(nodes.there), 0U);
}

}  // namespace
}  // namespace sluice::gateway
