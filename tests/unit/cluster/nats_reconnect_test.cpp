// Connections that are lost, and where clients go then.

#include <signal.h>

#include <algorithm>

#include "tests/unit/cluster/nats_test_client.hpp"

namespace sluice::cluster {
namespace {

using base::Errc;
using namespace std::chrono_literals;

class NatsReconnectTest : public NatsTest {};

// Three servers of one cluster.
class TestCluster {
 public:
  TestCluster() {
    for (int at = 0; at < 3; ++at) {
      servers_.push_back(std::make_unique<NatsTestServer>("server_name: s" + std::to_string(at) +
                                                          "\ncluster: { name: c, listen: \"127.0.0.1:-1\", routes: [" +
                                                          routes_ + "] }"));
      routes_ +=
          "\"nats://127.0.0.1:" + servers_.back()->wait_for("Listening for route connections on 127.0.0.1:") + "\",";
    }
  }
  NatsTestServer& at(std::size_t number) { return *servers_[number]; }
  NatsTestServer& serving(const std::string& server) {
    return **std::ranges::find_if(servers_, [&server](const auto& one) { return one->url() == "nats://" + server; });
  }
  std::vector<std::string> urls() const {
    std::vector<std::string> all;
    for (const auto& one : servers_) all.push_back(one->url());
    return all;
  }

 private:
  std::string routes_;
  std::vector<std::unique_ptr<NatsTestServer>> servers_;
};

TEST_F(NatsReconnectTest, AServerThatComesBackFindsItsSubscriptionsAgain) {
  NatsTestServer server;
  NatsTestClient& one = connect(server);
  std::vector<std::string> heard;
  const auto subscription =
      one->subscribe("a", [&](const NatsMessage& message) { heard.emplace_back(message.payload); });
  EXPECT_TRUE(one->publish({.subject = "a", .payload = "before"}));
  ASSERT_TRUE(flush(one));
  server.kill();
  ASSERT_TRUE(until([&] { return one.disconnections.size() == 1; }));
  EXPECT_EQ(one.disconnections[0].code, Errc::unavailable);
  EXPECT_EQ(one.disconnections[0].detail,
            "127.0.0.1:" + std::to_string(server.port()) + ": the server closed the connection");
  EXPECT_EQ(one->publish({.subject = "a", .payload = "between"}).error().code, Errc::unavailable);
  ASSERT_TRUE(until([&] { return !one.failures.empty(); }));
  server.start();
  ASSERT_TRUE(until([&] { return one->is_connected(); }));
  EXPECT_EQ(one.servers.size(), 2u);
  EXPECT_TRUE(one->publish({.subject = "a", .payload = "after"}));
  ASSERT_TRUE(flush(one));
  EXPECT_EQ(heard, (std::vector<std::string>{"before", "after"}));
}

TEST_F(NatsReconnectTest, WhatASubscriptionHeardCountsOnOverAReconnect) {
  NatsTestServer server;
  NatsTestClient& one = connect(server);
  int heard = 0;
  NatsSubscription subscription = one->subscribe("a", [&](const NatsMessage&) { ++heard; }).value();
  subscription.end_after(3);
  EXPECT_TRUE(one->publish({.subject = "a"}));
  ASSERT_TRUE(flush(one));
  server.kill();
  server.start();
  ASSERT_TRUE(until([&] { return one.servers.size() == 2; }));
  for (int at = 0; at < 5; ++at) EXPECT_TRUE(one->publish({.subject = "a"}));
  ASSERT_TRUE(flush(one));
  EXPECT_EQ(heard, 3);
}

TEST_F(NatsReconnectTest, WhatWaitsIsToldThatTheConnectionWasLost) {
  NatsTestServer server;
  NatsTestClient& one = connect(server);
  const auto silent = one->subscribe("silent", [](const NatsMessage&) {});
  std::vector<std::string> told;
  const auto tell = [&](const base::Error& error) {
    EXPECT_EQ(error.code, Errc::unavailable);
    EXPECT_EQ(one.disconnections.size(), 1u) << "told after the disconnection";
    told.push_back(error.detail);
  };
  EXPECT_TRUE(one->request({.subject = "silent"}, 1h, [&](const auto& reply) { tell(reply.error()); }));
  ASSERT_TRUE(flush(one));
  server.signal(SIGSTOP);
  EXPECT_TRUE(one->flush([&](const auto& status) { tell(status.error()); }));
  server.kill();
  ASSERT_TRUE(until([&] { return told.size() == 2; }));
  EXPECT_TRUE(told[0].starts_with("the connection to NATS was lost: 127.0.0.1:")) << told[0];
}

TEST_F(NatsReconnectTest, AServerThatAnswersNoPingsIsLost) {
  NatsTestServer server;
  NatsSettings settings = settings_of({server.url()});
  settings.ping_interval = 20ms;
  NatsTestClient& one = connect(settings);
  server.signal(SIGSTOP);
  ASSERT_TRUE(until([&] { return !one.disconnections.empty(); }));
  EXPECT_EQ(one.disconnections[0].code, Errc::timed_out);
  EXPECT_NE(one.disconnections[0].detail.find("the server answers no more: 2 pings, one each 20 ms"),
            std::string::npos);
  server.signal(SIGCONT);
  EXPECT_TRUE(until([&] { return one->is_connected(); }));
}

TEST_F(NatsReconnectTest, AServerThatSaysNothingIsGivenUp) {
  NatsTestServer server;
  server.signal(SIGSTOP);
  NatsSettings settings = settings_of({server.url()});
  settings.connect_patience = 50ms;
  const base::Error error = failure_of(settings);
  EXPECT_EQ(error.code, Errc::timed_out);
  EXPECT_TRUE(error.detail.ends_with(": the server is not ready within 50 ms")) << error.detail;
}

TEST_F(NatsReconnectTest, GoesToAnotherServerOfTheCluster) {
  TestCluster cluster;
  NatsTestClient& one = connect(settings_of(cluster.urls()));
  for (int lost = 1; lost < 3; ++lost) {
    cluster.serving(one.servers.back()).kill();
    ASSERT_TRUE(until([&] { return static_cast<int>(one.servers.size()) == lost + 1; }));
  }
  EXPECT_NE(one.servers[0], one.servers[1]);
  EXPECT_NE(one.servers[1], one.servers[2]);
}

TEST_F(NatsReconnectTest, LearnsTheOtherServersOfTheCluster) {
  TestCluster cluster;
  NatsTestClient& one = connect(cluster.at(0));
  ASSERT_TRUE(until([&] { return one->info().connect_urls.size() == 3; }));
  cluster.at(0).kill();
  ASSERT_TRUE(until([&] { return one.servers.size() == 2; }));
  EXPECT_NE(one.servers[0], one.servers[1]);
}

TEST_F(NatsReconnectTest, ServersOfAClusterHearEachOther) {
  TestCluster cluster;
  NatsTestClient& one = connect(cluster.at(0));
  NatsTestClient& other = connect(cluster.at(2));
  bool is_answered = false;
  const auto service = other->subscribe(
      "ask", [&](const NatsMessage& message) { EXPECT_TRUE(other->publish({.subject = message.reply})); });
  ASSERT_TRUE(flush(other));
  // Servers tell each other of subscriptions when they get to it.
  std::function<void()> ask = [&] {
    EXPECT_TRUE(one->request({.subject = "ask"}, 10s, [&](const base::Result<NatsMessage>& reply) {
      is_answered = reply.has_value();
      if (!is_answered) ask();
    }));
  };
  ask();
  EXPECT_TRUE(until([&] { return is_answered; }));
}

TEST_F(NatsReconnectTest, LeavesALameDuckForAnotherServer) {
  TestCluster cluster;
  NatsTestClient& one = connect(settings_of(cluster.urls()));
  NatsTestServer& lame = cluster.serving(one.servers[0]);
  const auto silent = one->subscribe("silent", [](const NatsMessage&) {});
  bool has_failed = false;
  EXPECT_TRUE(one->request({.subject = "silent"}, 100ms, [&](const auto& reply) {
    EXPECT_EQ(reply.error().code, Errc::timed_out) << "a lame duck is given time";
    has_failed = true;
  }));
  ASSERT_TRUE(flush(one));
  lame.signal(SIGUSR2);  // what nats-server --signal ldm=PID sends
  ASSERT_TRUE(until([&] { return one.servers.size() == 2; }));
  EXPECT_EQ(one.lame_ducks, std::vector<std::string>{one.servers[0]});
  EXPECT_NE(one.servers[1], one.servers[0]);
  EXPECT_TRUE(has_failed);
  ASSERT_EQ(one.disconnections.size(), 1u);
  EXPECT_TRUE(one.disconnections[0].detail.ends_with("the server is about to end (lame duck)"));
}

TEST_F(NatsReconnectTest, StaysWithALameDuckThatIsTheOnlyServer) {
  NatsTestServer server;
  NatsTestClient& one = connect(server);
  server.signal(SIGUSR2);
  ASSERT_TRUE(until([&] { return one.lame_ducks.size() == 1; }));
  EXPECT_TRUE(flush(one));
  EXPECT_TRUE(one.disconnections.empty());
}

}  // namespace
}  // namespace sluice::cluster
