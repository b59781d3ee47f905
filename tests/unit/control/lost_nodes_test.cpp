// What becomes of the connections of a node that is lost (control/neighbours.hpp).

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/control/running_cluster.hpp"

namespace sluice::control {
namespace {

using workers::PeerChange;

Told sorted(Told told) {
  std::ranges::sort(told);
  return told;
}

TEST(LostNodes, TheirConnectionsAreAnnouncedGoneOnce) {
  RunningCluster cluster(3);
  ClusterReplica a = cluster.attach(2), b = cluster.attach(3);
  for (std::uint32_t client = 0; client < 4; ++client) cluster.node(1).offer(client, Kind::connected);
  cluster.node(1).offer(3, Kind::disconnected);
  cluster.run();
  EXPECT_EQ((a.take() + b.take()).size(), 5U);
  cluster.run();
  cluster.kill(1);
  EXPECT_EQ(sorted(a.take() + b.take()), (Told{"gone 1.0", "gone 1.1", "gone 1.2"}));
  cluster.run();
  EXPECT_TRUE((a.take() + b.take()).empty());
  EXPECT_EQ(cluster.node(2).neighbours->metrics().kept.read() + cluster.node(3).neighbours->metrics().kept.read(), 0U);
}

TEST(LostNodes, TheEndIsToldToWhomTheConnectionBelongsBehindWhatItWasTold) {
  RunningCluster cluster(3);
  ClusterReplica a = cluster.attach(2), b = cluster.attach(3);
  for (std::uint32_t client = 0; client < 6; ++client) cluster.node(1).offer(client, Kind::connected);
  cluster.run();
  cluster.kill(1);
  for (ClusterReplica* const replica : {&a, &b}) {
    const Told told = replica->take();
    ASSERT_EQ(told.size(), 6U);
    for (std::size_t at = 0; at < 3; ++at) {
      EXPECT_TRUE(told[at].starts_with("connected"));
      EXPECT_NE(std::ranges::find(told, "gone" + told[at].substr(9)), told.end());
    }
  }
}

TEST(LostNodes, TheEndNamesTheSession) {
  RunningCluster cluster(2);
  ClusterReplica there = cluster.attach(2);
  cluster.node(1).offer(5, Kind::connected);
  cluster.run();
  cluster.kill(1);
  EXPECT_EQ(there.take(), (Told{"connected 1.5", "gone 1.5"}));
  EXPECT_EQ(there.last.session(), "s5");
  EXPECT_EQ(there.last.namespace_(), "/");
  EXPECT_EQ(there.last.protocol(), v1::PROTOCOL_WEBSOCKET);
  EXPECT_EQ(there.last.connection(), "00000001-0-5-1");
}

TEST(LostNodes, WhatWasToldToAReplicaOfTheLostNodeIsAnnounced) {
  RunningCluster cluster(2);
  ClusterReplica here = cluster.attach(1);
  cluster.node(1).offer(1, Kind::connected);
  cluster.run();
  EXPECT_EQ(here.take(), Told{"connected 1.1"});
  cluster.kill(1);
  // Nobody was there, but somebody had been.
  ClusterReplica there = cluster.attach(2);
  EXPECT_EQ(there.take(), Told{"gone 1.1"});

  RunningCluster other(3);
  ClusterReplica local = other.attach(1), remote = other.attach(3);
  for (std::uint32_t client = 0; client < 2; ++client) other.node(1).offer(client, Kind::connected);
  other.run();
  EXPECT_EQ((local.take() + remote.take()).size(), 2U);
  other.run();
  other.kill(1);
  EXPECT_EQ(sorted(remote.take()), (Told{"gone 1.0", "gone 1.1"}));
}

TEST(LostNodes, AnotherNodeAnnouncesThemIfTheFirstIsLostToo) {
  RunningCluster cluster(4);
  ClusterReplica replica = cluster.attach(4);
  for (std::uint32_t client = 0; client < 3; ++client) cluster.node(1).offer(client, Kind::connected);
  cluster.run();
  EXPECT_EQ(replica.take().size(), 3U);
  cluster.run();
  std::vector<std::uint32_t> keepers;
  for (const std::uint32_t node : {2U, 3U, 4U}) {
    if (cluster.node(node).neighbours->metrics().kept.read() > 0) keepers.push_back(node);
  }
  ASSERT_EQ(keepers.size(), 2U);
  cluster.nodes.erase(1);
  const std::uint32_t victim = keepers.front() == 4 ? keepers.back() : keepers.front();
  cluster.nodes.erase(victim);
  cluster.lose(1);
  cluster.run();
  cluster.lose(victim);
  cluster.run();
  EXPECT_EQ(sorted(replica.take()), (Told{"gone 1.0", "gone 1.1", "gone 1.2"}));
}

TEST(LostNodes, ANodeThatIsLeftAloneKeepsNothingWaiting) {
  RunningCluster cluster(2);
  ClusterReplica here = cluster.attach(1);
  cluster.kill(2);
  cluster.node(1).offer(1, Kind::connected);
  EXPECT_EQ(here.take(), Told{"connected 1.1"});
}

TEST(LostNodes, AConnectionIsToldOnlyOnceOthersKnowOfIt) {
  RunningCluster cluster(2);
  ClusterReplica here = cluster.attach(1);
  cluster.node(1).offer(1, Kind::connected);
  cluster.node(1).offer(1, Kind::message);
  EXPECT_TRUE(here.take().empty());
  cluster.run();
  EXPECT_EQ(here.take(), (Told{"connected 1.1", "message 1.1"}));
}

TEST(LostNodes, OthersThatCannotBeReachedAreNotWaitedFor) {
  RunningCluster cluster(2);
  ClusterReplica here = cluster.attach(1);
  cluster.board.cut(2);
  cluster.node(1).offer(1, Kind::connected);
  cluster.run();
  EXPECT_EQ(here.take(), Told{"connected 1.1"});
  cluster.board.mend(2);
  cluster.run_until([&] { return cluster.node(2).neighbours->metrics().kept.read() == 1; });
}

TEST(LostNodes, AConnectionWhoseEndWasDealtWithIsNotKept) {
  RunningCluster cluster(2);
  ClusterReplica here = cluster.attach(1);
  cluster.node(1).offer(1, Kind::connected);
  cluster.run();
  EXPECT_EQ(cluster.node(2).neighbours->metrics().kept.read(), 1U);
  cluster.node(1).offer(1, Kind::disconnected);
  cluster.run();
  EXPECT_EQ(here.take(false).size(), 2U);
  EXPECT_EQ(cluster.node(2).neighbours->metrics().kept.read(), 1U);
  here.acknowledge();
  cluster.run();
  EXPECT_EQ(cluster.node(2).neighbours->metrics().kept.read(), 0U);
}

TEST(LostNodes, ANewKeeperIsToldOfEndsThatWait) {
  RunningCluster cluster(2);
  ClusterReplica here = cluster.attach(1);
  cluster.node(2).peers.see(PeerChange::Kind::lost, 1);
  cluster.node(1).peers.see(PeerChange::Kind::lost, 2);
  cluster.run();
  cluster.node(1).offer(1, Kind::connected);
  cluster.node(1).offer(1, Kind::disconnected);
  cluster.node(1).peers.see(PeerChange::Kind::came, 2);
  cluster.node(2).peers.see(PeerChange::Kind::came, 1);
  cluster.run_until([&] { return cluster.node(2).neighbours->metrics().kept.read() == 1; });
  EXPECT_EQ(here.take().size(), 2U);
  cluster.run();
  EXPECT_EQ(cluster.node(2).neighbours->metrics().kept.read(), 0U);
}

TEST(LostNodes, EndsAreAnnouncedNoFasterThanBackendsTakeThem) {
  constexpr std::size_t buffer = 100'000;
  RunningCluster cluster(2, buffer);
  ClusterReplica there = cluster.attach(2);
  Told told;
  for (std::uint32_t client = 0; client < 500; ++client) {
    cluster.node(1).offer(client, Kind::connected);
    if (client % 50 == 49) {
      cluster.run();
      told = told + there.take();
      cluster.run();
    }
  }
  ASSERT_EQ(told.size(), 500U);
  cluster.kill(1);
  EXPECT_LT(cluster.node(2).hub->numbers().waiting_bytes, buffer + 10'000);
  cluster.run_until([&] { return (told = told + there.take()).size() >= 1000; });
  EXPECT_FALSE(cluster.node(2).hub->misfortune(there.id));
  EXPECT_EQ(cluster.node(2).neighbours->metrics().announced.read(), 500U);
}

TEST(LostNodes, WhatIsMoreThanIsKeptIsCounted) {
  RunningCluster cluster(2, 20'000);
  ClusterReplica there = cluster.attach(2);
  Told told;
  for (std::uint32_t client = 0; client < 1000; ++client) {
    cluster.node(1).offer(client, Kind::connected);
    cluster.run();
    told = told + there.take();
    cluster.run();
  }
  ASSERT_EQ(told.size(), 1000U);
  cluster.kill(1);
  std::size_t ends = 0;
  cluster.run_until([&] {
    ends += there.take().size();
    return ends + there.lost >= 1000;
  });
  EXPECT_EQ(ends + there.lost, 1000U);
  EXPECT_GT(there.lost, 0U);
}

TEST(LostNodes, AnEndThatWaitsOnANodeThatWasTakenForLostIsNotToldAgain) {
  RunningCluster cluster(2);
  ClusterReplica there = cluster.attach(2);
  cluster.node(1).offer(1, Kind::connected);
  cluster.run();
  EXPECT_EQ(there.take(), Told{"connected 1.1"});
  cluster.run();
  cluster.board.cut(1);
  cluster.node(2).peers.see(PeerChange::Kind::lost, 1);
  cluster.run();
  EXPECT_EQ(there.take(), Told{"gone 1.1"});
  // Meanwhile it lives on.
  cluster.node(1).offer(2, Kind::connected);
  cluster.node(1).offer(2, Kind::disconnected);
  cluster.node(1).offer(1, Kind::disconnected);
  cluster.node(2).peers.see(PeerChange::Kind::came, 1);
  cluster.board.mend(1);
  Told told;
  cluster.run_until([&] { return (told = told + there.take()).size() >= 2; });
  cluster.run();
  EXPECT_EQ(told + there.take(), (Told{"connected 1.2", "disconnected 1.2"}));
}

}  // namespace
}  // namespace sluice::control
