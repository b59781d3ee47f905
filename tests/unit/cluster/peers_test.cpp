// Who there is: nodes that come, leave, and are lost.

#include "cluster/peers.hpp"

#include <signal.h>

#include "tests/unit/cluster/peers_test_node.hpp"

namespace sluice::cluster {
namespace {

using namespace std::chrono_literals;
using PeersLifeTest = PeersTest;

TEST_F(PeersLifeTest, NodesFindEachOtherAndTellOfThemselves) {
  TestNode& one = make(1);
  auto settings = settings_of_node(2);
  settings.started = std::chrono::system_clock::time_point(1'700'000'000'000ms);
  TestNode& two = make(settings);
  two.load = {3, true, false};
  start(one);
  start(two);
  ASSERT_TRUE(meet({&one, &two}));
  const workers::Peer peer = one->others()->front();
  EXPECT_EQ(peer.incarnation, 2u);
  EXPECT_EQ(peer.name, "n2");
  EXPECT_EQ(peer.version, "1.2.3");
  EXPECT_EQ(peer.started, settings.started);
  EXPECT_EQ(peer.load.connections, 3u);
  EXPECT_TRUE(peer.load.is_ready);
  EXPECT_EQ(one.changes, Texts{"came n2"});
  EXPECT_EQ(one.metrics().nodes.read(), 1u);
}

TEST_F(PeersLifeTest, OneThatComesLaterKnowsAllAtOnceWithoutWaitingForTheirNextBeat) {
  auto settings = settings_of_node(1);
  settings.beat_every = 1h;
  settings.times.echo_patience = 2h;
  TestNode& one = make(settings);
  start(one);
  ASSERT_TRUE(until([&] { return one.metrics().cut_off.read() == 0 && one.is_connected; }));
  TestNode& two = start(2);
  ASSERT_TRUE(meet({&one, &two}));
}

TEST_F(PeersLifeTest, WhatChangesIsKnownWithTheNextBeat) {
  TestNode &one = start(1), &two = start(2);
  ASSERT_TRUE(meet({&one, &two}));
  two.load = {7, false, true};
  EXPECT_TRUE(until([&] { return one->others()->front().load.connections == 7; }));
  EXPECT_TRUE(one->others()->front().load.is_draining);
  EXPECT_EQ(one.changes, Texts{"came n2"});
}

TEST_F(PeersLifeTest, OneThatIsKilledIsLostOnce) {
  TestNode &one = start(1), &two = start(2), &three = start(3);
  ASSERT_TRUE(meet({&one, &two, &three}));
  const auto others_of_one = one->others();
  const base::TimePoint heard = std::ranges::find(*others_of_one, 2u, &workers::Peer::incarnation)->heard;
  kill(two);
  ASSERT_TRUE(until([&] { return others(one) == Nodes{3} && others(three) == Nodes{1}; }));
  EXPECT_GE(base::Clock::now() - heard, 500ms) << "it had a lease";
  EXPECT_EQ(std::ranges::count(one.changes, "lost n2"), 1);
  EXPECT_EQ(one.metrics().lost.read(), 1u);
}

TEST_F(PeersLifeTest, OneThatComesBackAfterItsLeaseHasComeAnew) {
  TestNode &one = start(1), &two = start(2);
  ASSERT_TRUE(meet({&one, &two}));
  kill(two);
  ASSERT_TRUE(until([&] { return others(one).empty(); }));
  TestNode& again = start(2);
  ASSERT_TRUE(meet({&one, &again}));
  EXPECT_EQ(one.changes, (Texts{"came n2", "lost n2", "came n2"}));
}

TEST_F(PeersLifeTest, OneThatSaysGoodbyeIsGoneAtOnceAndNotLost) {
  auto settings = settings_of_node(1);
  settings.times.lease = 1h;
  TestNode& one = make(settings);
  start(one);
  TestNode& two = start(2);
  ASSERT_TRUE(meet({&one, &two}));
  bool has_left = false;
  two->leave([&] { has_left = true; });
  ASSERT_TRUE(until([&] { return has_left && others(one).empty(); }));
  EXPECT_EQ(one.changes, (Texts{"came n2", "left n2"}));
  EXPECT_TRUE(ask(two, workers::Peers::all, "any", "") == Texts{"n1=unavailable"}) << "it is silent itself";
}

TEST_F(PeersLifeTest, GoodbyeNeedsNoBroker) {
  TestNode& one = start(1);
  ASSERT_TRUE(until([&] { return one.is_connected; }));
  server_.kill();
  ASSERT_TRUE(until([&] { return !one.is_connected; }));
  bool has_left = false;
  one->leave([&] { has_left = true; });
  EXPECT_TRUE(has_left);
}

TEST_F(PeersLifeTest, NobodyIsLostWhileTheBrokerIsDown) {
  TestNode &one = start(1), &two = start(2);
  ASSERT_TRUE(meet({&one, &two}));
  server_.kill();
  ASSERT_TRUE(until([&] { return !one.is_connected && !two.is_connected; }));
  ASSERT_TRUE(until([&] { return one.metrics().cut_off.read() == 1 && two.metrics().cut_off.read() == 1; }));
  const auto later = base::Clock::now() + 1s;
  until([&] { return base::Clock::now() > later; });
  EXPECT_EQ(others(one), Nodes{2});
  server_.start();
  ASSERT_TRUE(until([&] { return one.metrics().cut_off.read() == 0 && two.metrics().cut_off.read() == 0; }));
  EXPECT_EQ(one.changes, Texts{"came n2"});
  EXPECT_EQ(two.changes, Texts{"came n1"});
}

TEST_F(PeersLifeTest, NobodyIsLostWhileTheBrokerDoesNotMove) {
  TestNode &one = start(1), &two = start(2);
  ASSERT_TRUE(meet({&one, &two}));
  server_.signal(SIGSTOP);
  ASSERT_TRUE(until([&] { return one.metrics().cut_off.read() == 1; }));
  const auto later = base::Clock::now() + 1s;
  until([&] { return base::Clock::now() > later; });
  server_.signal(SIGCONT);
  ASSERT_TRUE(until([&] { return one.metrics().cut_off.read() == 0 && two.metrics().cut_off.read() == 0; }));
  EXPECT_EQ(one.changes, Texts{"came n2"});
}

TEST_F(PeersLifeTest, OneThatDiesWhileTheBrokerIsDownIsLostAfterIt) {
  TestNode &one = start(1), &two = start(2);
  ASSERT_TRUE(meet({&one, &two}));
  server_.kill();
  ASSERT_TRUE(until([&] { return one.metrics().cut_off.read() == 1; }));
  kill(two);
  server_.start();
  ASSERT_TRUE(until([&] { return others(one).empty(); }));
  EXPECT_EQ(one.changes, (Texts{"came n2", "lost n2"}));
}

TEST_F(PeersLifeTest, AnotherClusterIsNoneOfOurBusiness) {
  auto settings = settings_of_node(9);
  settings.cluster_name = "other";
  TestNode& stranger = make(settings);
  start(stranger);
  TestNode &one = start(1), &two = start(2);
  ASSERT_TRUE(meet({&one, &two}));
  EXPECT_EQ(others(stranger), Nodes{});
  EXPECT_EQ(one.changes, Texts{"came n2"});
}

TEST_F(PeersLifeTest, OneWithOurOwnIncarnationIsNotTakenForUs) {
  TestNode &one = start(1), &two = start(2);
  ASSERT_TRUE(meet({&one, &two}));
  start(1);
  TestNode& last = start(3);
  ASSERT_TRUE(until([&] { return others(one) == Nodes{2, 3} && others(last) == Nodes{1, 2}; }));
}

TEST_F(PeersLifeTest, WhatIsNoMessageIsCountedAndIgnored) {
  TestNode &one = start(1), &two = start(2);
  ASSERT_TRUE(meet({&one, &two}));
  NatsTestClient& stranger = connect(server_);
  for (const char* subject : {"sluice.test.all.beat", "sluice.test.all.x", "sluice.test.n.00000001.x",
                              "sluice.test.n.00000001.re.1", "sluice.test.n.00000001.re.x.y.z"}) {
    EXPECT_TRUE(stranger->publish({.subject = subject, .payload = "\xff not a message"}));
    EXPECT_TRUE(stranger->publish({.subject = subject}));
  }
  ASSERT_TRUE(until([&] { return one.metrics().malformed.read() == 10 && two.metrics().malformed.read() == 4; }));
  EXPECT_EQ(others(one), Nodes{2});
}

}  // namespace
}  // namespace sluice::cluster
