#include "control/neighbours.hpp"

#include <gtest/gtest.h>

#include <set>

#include "tests/unit/control/running_cluster.hpp"

namespace sluice::control {
namespace {

using workers::PeerChange;

TEST(Neighbours, AReplicaIsToldWhatHappensOnOtherNodesInOrder) {
  RunningCluster cluster(2);
  ClusterReplica replica = cluster.attach(2);
  EXPECT_TRUE(cluster.node(1).hub->is_listening());
  EXPECT_EQ(cluster.node(1).offer(7, Kind::connected), Offer::taken);
  EXPECT_EQ(cluster.node(1).offer(7, Kind::message, 100), Offer::taken);
  EXPECT_EQ(cluster.node(1).offer(7, Kind::disconnected), Offer::taken);
  cluster.run();
  EXPECT_EQ(replica.take(), (Told{"connected 1.7", "message 1.7", "disconnected 1.7"}));
  EXPECT_EQ(replica.last.session(), "s7");
  EXPECT_EQ(replica.last.source(), "00000001");
  EXPECT_EQ(replica.last.number(), 3U);
  cluster.run();
  EXPECT_EQ(cluster.node(1).hub->numbers().waiting, 0U);
}

TEST(Neighbours, ConnectionsAreSharedByTheReplicasOfAllNodesAndStay) {
  RunningCluster cluster(3);
  std::vector<ClusterReplica> replicas{cluster.attach(1), cluster.attach(2), cluster.attach(3)};
  for (int round = 0; round < 3; ++round) {
    for (std::uint32_t client = 0; client < 6; ++client) cluster.node(1).offer(client, Kind::message);
    cluster.run();
  }
  for (ClusterReplica& replica : replicas) {
    const Told told = replica.take();
    EXPECT_EQ(told.size(), 6U);
    EXPECT_EQ(std::set<std::string>(told.begin(), told.end()).size(), 2U);
  }
}

TEST(Neighbours, GroupsAreToldEverythingEachForItselfWhereverTheyAre) {
  RunningCluster cluster(2);
  ClusterReplica here = cluster.attach(1, "a"), there = cluster.attach(2, "b");
  cluster.node(1).offer(1, Kind::message);
  cluster.run();
  EXPECT_EQ(here.take(), Told{"message 1.1"});
  EXPECT_EQ(there.take(), Told{"message 1.1"});
}

TEST(Neighbours, WhatWasNotAcknowledgedIsToldAgainWhenTheStreamEnds) {
  RunningCluster cluster(2);
  ClusterReplica here = cluster.attach(1), there = cluster.attach(2);
  for (std::uint32_t client = 0; client < 2; ++client) cluster.node(1).offer(client, Kind::message);
  cluster.run();
  const Told other = there.take(false);
  ASSERT_EQ(other.size(), 1U);
  there.detach();
  cluster.run();
  const Told told = here.take();
  EXPECT_EQ(std::set<std::string>(told.begin(), told.end()), (std::set<std::string>{"message 1.0", "message 1.1"}));
  cluster.run();
  EXPECT_EQ(cluster.node(1).hub->numbers().waiting, 0U);
}

TEST(Neighbours, WhatWasNotAcknowledgedIsToldAgainWhenItsNodeIsLost) {
  RunningCluster cluster(2);
  ClusterReplica there = cluster.attach(2);
  cluster.node(1).offer(1, Kind::message);
  cluster.run();
  EXPECT_EQ(there.take(false), Told{"message 1.1"});
  cluster.kill(2);
  // Nobody is there, but somebody was.
  EXPECT_EQ(cluster.node(1).offer(1, Kind::disconnected), Offer::taken);
  ClusterReplica here = cluster.attach(1);
  EXPECT_EQ(here.take(), (Told{"message 1.1", "disconnected 1.1"}));
}

TEST(Neighbours, WhatIsAskedAgainAsAnAnswerWasLostIsTakenOnce) {
  RunningCluster cluster(2);
  ClusterReplica there = cluster.attach(2);
  cluster.board.answers_to_lose = 2;
  cluster.node(1).offer(1, Kind::message);
  cluster.run();
  cluster.node(1).offer(2, Kind::message);
  Told told;
  cluster.run_until([&] { return (told = told + there.take()).size() >= 2; });
  EXPECT_EQ(told, (Told{"message 1.1", "message 1.2"}));
}

TEST(Neighbours, ALinkThatWasCutGoesOnWhereItWas) {
  RunningCluster cluster(2);
  ClusterReplica there = cluster.attach(2);
  cluster.board.cut(2);
  for (std::uint32_t client = 0; client < 3; ++client) cluster.node(1).offer(client, Kind::message);
  cluster.run();
  EXPECT_TRUE(there.take().empty());
  cluster.board.mend(2);
  Told told;
  cluster.run_until([&] { return (told = told + there.take()).size() >= 3; });
  EXPECT_EQ(told, (Told{"message 1.0", "message 1.1", "message 1.2"}));
}

TEST(Neighbours, ConnectionsThatAreNobodysAreNotGivenToWhoCannotBeReached) {
  RunningCluster cluster(2);
  ClusterReplica there = cluster.attach(2), here = cluster.attach(1);
  cluster.board.cut(2);
  cluster.node(1).offer(1, Kind::message);
  cluster.node(1).offer(2, Kind::message);
  cluster.run();
  for (std::uint32_t client = 3; client < 9; ++client) cluster.node(1).offer(client, Kind::message);
  EXPECT_EQ(here.take().size(), 7U);
}

TEST(Neighbours, ANodeThatComesBackIsAttachedToAnew) {
  RunningCluster cluster(2);
  ClusterReplica there = cluster.attach(2);
  cluster.node(1).offer(1, Kind::message);
  cluster.run();
  EXPECT_EQ(there.take(false), Told{"message 1.1"});
  // Only one of them thinks that the other is lost.
  cluster.node(2).peers.see(PeerChange::Kind::lost, 1);
  cluster.run();
  there.acknowledge();
  cluster.node(2).peers.see(PeerChange::Kind::came, 1);
  cluster.node(1).offer(2, Kind::message);
  Told told;
  cluster.run_until([&] { return (told = told + there.take()).size() >= 2; });
  // It is not known there that the first was dealt with.
  EXPECT_EQ(told, (Told{"message 1.1", "message 1.2"}));
  cluster.run();
  EXPECT_EQ(cluster.node(1).hub->numbers().waiting, 0U);
  EXPECT_EQ(cluster.node(1).hub->numbers().replicas_elsewhere, 1U);
}

TEST(Neighbours, WhatIsOnTheWayToASlowReplicaIsBoundedAndItsClientsWait) {
  constexpr std::size_t buffer = 200'000;
  RunningCluster cluster(2, buffer);
  ClusterReplica there = cluster.attach(2);
  int taken = 0;
  while (cluster.node(1).offer(1, Kind::message, 1000) == Offer::taken) {
    ++taken;
    cluster.run();
    ASSERT_LT(taken, 1000);
  }
  EXPECT_TRUE(cluster.node(1).hub->is_behind(cluster.node(1).id(1)));
  EXPECT_LT(cluster.node(2).hub->numbers().waiting_bytes, buffer / 2);
  for (int told = 0; told < taken;) {
    told += static_cast<int>(there.take().size());
    cluster.run();
  }
  EXPECT_EQ(cluster.node(1).offer(1, Kind::message, 1000), Offer::taken);
  for (const std::size_t bytes : cluster.board.asked) EXPECT_LT(bytes, Courier::part_bytes_max + 10'000);
}

TEST(Neighbours, AReplicaThatAcknowledgesNothingIsLetGoWhereverItIs) {
  RunningCluster cluster(2, 20'000);
  ClusterReplica there = cluster.attach(2);
  for (std::uint32_t client = 0; client < 200; ++client) cluster.node(1).offer(client, Kind::connected);
  cluster.run();
  const auto why = cluster.node(2).hub->misfortune(there.id);
  ASSERT_TRUE(why.has_value());
  EXPECT_EQ(why->code, base::Errc::exhausted);
  EXPECT_EQ(cluster.node(1).hub->numbers().replicas_elsewhere, 0U);
}

TEST(Neighbours, VerdictsAreAskedOfTheGroupThatGivesThemWhereverItIs) {
  RunningCluster cluster(2);
  EXPECT_EQ(cluster.node(1).offer(1, Kind::connecting), Offer::absent);
  ClusterReplica judge = cluster.attach(2, "judges", {}, true);
  EXPECT_EQ(cluster.node(1).offer(1, Kind::connecting), Offer::taken);
  cluster.run();
  EXPECT_EQ(judge.take(), Told{"connecting 1.1"});
  const auto other = cluster.node(1).hub->attach({.group = "others", .gives_verdicts = true}, [] {});
  EXPECT_FALSE(other);
  judge.detach();
  cluster.run();
  EXPECT_EQ(cluster.node(1).offer(1, Kind::connecting), Offer::absent);
}

TEST(Neighbours, AReplicaThatFitsNotToThoseOfAnotherNodeIsTold) {
  RunningCluster cluster(2);
  // Both at once, before either node knows of the other's.
  const auto one = cluster.node(1).hub->attach({.group = "g", .credits = 1}, [] {}).value();
  const auto other = cluster.node(2).hub->attach({.group = "g", .credits = 1, .gives_verdicts = true}, [] {}).value();
  cluster.run();
  EXPECT_EQ(cluster.node(1).hub->misfortune(one)->code, base::Errc::already_exists);
  EXPECT_EQ(cluster.node(2).hub->misfortune(other)->code, base::Errc::already_exists);
}

TEST(Neighbours, OnlyWhatTheFilterPassesTravels) {
  RunningCluster cluster(2);
  ClusterReplica there = cluster.attach(
      2, "g", EventFilter(workers::kind_bit(Kind::connected) | workers::kind_bit(Kind::disconnected), {}, {}));
  EXPECT_FALSE(cluster.node(1).hub->wants(Kind::message));
  EXPECT_EQ(cluster.node(1).offer(1, Kind::message), Offer::absent);
  cluster.node(1).offer(1, Kind::connected);
  cluster.run();
  EXPECT_EQ(there.take(), Told{"connected 1.1"});
}

TEST(Neighbours, EachReplicaIsToldThatANodeDrains) {
  RunningCluster cluster(2);
  const EventFilter filter(workers::kind_bit(Kind::draining), {}, {});
  ClusterReplica here = cluster.attach(1, "g", filter), there = cluster.attach(2, "g", filter);
  workers::ClientEvent event;
  event.kind = Kind::draining;
  static_cast<void>(cluster.node(1).hub->offer(event));
  cluster.run();
  EXPECT_EQ(here.take(), Told{"draining"});
  EXPECT_EQ(there.take(), Told{"draining"});
  EXPECT_EQ(there.last.source(), "00000001");
}

TEST(Neighbours, WhatANodeHasLostOfAGroupsEventsIsToldElsewhere) {
  RunningCluster cluster(2, 5'000);
  ClusterReplica first = cluster.attach(2);
  first.detach();
  cluster.run();
  for (std::uint32_t client = 0; client < 100; ++client) cluster.node(1).offer(client, Kind::connected);
  ClusterReplica there = cluster.attach(2);
  std::size_t told = 0;
  cluster.run_until([&] {
    told += there.take().size();
    return told + there.lost == 100;
  });
  EXPECT_GT(there.lost, 0U);
}

TEST(Neighbours, BytesThatNoNodeTellsAreRefused) {
  RunningCluster cluster(2);
  std::vector<base::Errc> answers;
  const auto ask = [&](const std::string& bytes) {
    cluster.node(2).peers.ask({{1}}, Courier::kind, bytes, base::Clock::now() + std::chrono::seconds(1),
                              [&](std::vector<workers::PeerAnswer> got) {
                                ASSERT_FALSE(got.front().payload);
                                answers.push_back(got.front().payload.error().code);
                              });
    cluster.run();
  };
  ask("\x07nonsense");
  cluster::v1::Telling later;
  later.set_needs(2);
  ask(later.SerializeAsString());
  EXPECT_EQ(answers, (std::vector<base::Errc>{base::Errc::bad_request, base::Errc::bad_request}));
  EXPECT_EQ(cluster.node(1).neighbours->metrics().malformed.read(), 2U);
}

TEST(Neighbours, ANodeThatComesKnowsWhenItHasMetAll) {
  RunningCluster cluster(2);
  ClusterReplica there = cluster.attach(1);
  cluster.nodes.emplace(3, std::make_unique<ClusterNode>(cluster.board, 3, 1'000'000));
  bool has_met = false;
  cluster.node(3).neighbours->meet([&] { has_met = true; });
  cluster.node(3).peers.see(PeerChange::Kind::came, 1);
  cluster.node(1).peers.see(PeerChange::Kind::came, 3);
  cluster.run_until([&] { return has_met; });
  EXPECT_EQ(cluster.node(3).hub->numbers().replicas_elsewhere, 1U);
}

TEST(Neighbours, ANodeThatEndsWaitsUntilOthersHaveAcknowledgedAll) {
  RunningCluster cluster(2);
  ClusterReplica there = cluster.attach(2);
  cluster.node(1).offer(1, Kind::message);
  bool is_settled = false;
  cluster.node(1).hub->close();
  cluster.node(1).neighbours->settle([&] { is_settled = true; });
  cluster.run();
  EXPECT_FALSE(is_settled);
  EXPECT_EQ(there.take(), Told{"message 1.1"});
  cluster.run();
  EXPECT_TRUE(is_settled);
}

}  // namespace
}  // namespace sluice::control
