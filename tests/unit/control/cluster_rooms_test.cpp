#include "control/cluster_rooms.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/control/running_cluster.hpp"

namespace sluice::control {
namespace {

const EventFilter rooms_only(workers::kind_bit(Kind::room_occupied) | workers::kind_bit(Kind::room_vacated), {}, {});

Told sorted(Told told) {
  std::ranges::sort(told);
  return told;
}

TEST(ClusterRooms, ARoomIsOccupiedAndVacatedOnceInTheCluster) {
  RunningCluster cluster(3);
  ClusterReplica replica = cluster.attach(2, "g", rooms_only);
  cluster.node(1).offer_room("a", Kind::room_occupied);
  cluster.run();
  cluster.node(3).offer_room("a", Kind::room_occupied);
  cluster.node(2).offer_room("a", Kind::room_occupied);
  cluster.run();
  EXPECT_EQ(replica.take(), Told{"room_occupied a"});
  EXPECT_EQ(replica.last.namespace_(), "/");
  cluster.node(1).offer_room("a", Kind::room_vacated);
  cluster.node(2).offer_room("a", Kind::room_vacated);
  cluster.run();
  EXPECT_EQ(replica.take(), Told());
  cluster.node(3).offer_room("a", Kind::room_vacated);
  cluster.run();
  EXPECT_EQ(replica.take(), Told{"room_vacated a"});
}

TEST(ClusterRooms, AllRoomsAreToldWhoeverKeepsThem) {
  RunningCluster cluster(3);
  ClusterReplica replica = cluster.attach(1, "g", rooms_only);
  Told wanted;
  for (int room = 0; room < 100; ++room) {
    cluster.node(1 + static_cast<std::uint32_t>(room) % 3).offer_room(std::to_string(room), Kind::room_occupied);
    wanted.push_back("room_occupied " + std::to_string(room));
  }
  cluster.run();
  EXPECT_EQ(sorted(replica.take()), sorted(wanted));
  std::uint64_t kept = 0;
  for (const std::uint32_t node : {1U, 2U, 3U}) kept += cluster.node(node).neighbours->metrics().rooms.read();
  EXPECT_EQ(kept, 200U);
}

TEST(ClusterRooms, TheRoomsOfANodeThatIsLostAreVacated) {
  RunningCluster cluster(3);
  ClusterReplica replica = cluster.attach(2, "g", rooms_only);
  Told wanted;
  for (int room = 0; room < 20; ++room) {
    cluster.node(1).offer_room(std::to_string(room), Kind::room_occupied);
    if (room % 2 == 0) cluster.node(3).offer_room(std::to_string(room), Kind::room_occupied);
    if (room % 2 == 1) wanted.push_back("room_vacated " + std::to_string(room));
  }
  cluster.run();
  EXPECT_EQ(replica.take().size(), 20U);
  cluster.kill(1);
  // What the lost node may not have told in its last second is told again.
  Told told = replica.take();
  std::erase_if(told, [](const std::string& one) { return one.starts_with("room_occupied"); });
  EXPECT_EQ(sorted(told), sorted(wanted));
}

TEST(ClusterRooms, ANodeThatComesChangesNothing) {
  RunningCluster cluster(2);
  ClusterReplica replica = cluster.attach(1, "g", rooms_only);
  for (int room = 0; room < 50; ++room) {
    cluster.node(1 + static_cast<std::uint32_t>(room) % 2).offer_room(std::to_string(room), Kind::room_occupied);
  }
  cluster.run();
  EXPECT_EQ(replica.take().size(), 50U);
  cluster.nodes.emplace(3, std::make_unique<ClusterNode>(cluster.board, 3, 1'000'000));
  for (const std::uint32_t other : {1U, 2U}) {
    cluster.node(3).peers.see(workers::PeerChange::Kind::came, other);
    cluster.node(other).peers.see(workers::PeerChange::Kind::came, 3);
  }
  cluster.run();
  EXPECT_EQ(replica.take(), Told());
  EXPECT_GT(cluster.node(3).neighbours->metrics().rooms.read(), 0U);
  for (int room = 0; room < 50; ++room) cluster.node(3).offer_room(std::to_string(room), Kind::room_occupied);
  cluster.run();
  for (int room = 0; room < 50; ++room) {
    cluster.node(1 + static_cast<std::uint32_t>(room) % 2).offer_room(std::to_string(room), Kind::room_vacated);
  }
  cluster.run();
  EXPECT_EQ(replica.take(), Told());
  for (int room = 0; room < 50; ++room) cluster.node(3).offer_room(std::to_string(room), Kind::room_vacated);
  cluster.run();
  EXPECT_EQ(replica.take().size(), 50U);
}

TEST(ClusterRooms, ANodeThatIsAloneTellsOfItsOwn) {
  RunningCluster cluster(1);
  ClusterReplica replica = cluster.attach(1, "g", rooms_only);
  cluster.node(1).offer_room("a", Kind::room_occupied);
  cluster.node(1).offer_room("a", Kind::room_vacated);
  cluster.run();
  EXPECT_EQ(replica.take(), (Told{"room_occupied a", "room_vacated a"}));
}

TEST(ClusterRooms, NothingIsCountedOnceNobodyWantsToKnow) {
  RunningCluster cluster(2);
  ClusterReplica replica = cluster.attach(1, "g", rooms_only);
  cluster.node(2).offer_room("a", Kind::room_occupied);
  cluster.run();
  EXPECT_EQ(cluster.node(1).neighbours->metrics().rooms.read(), 1U);
  replica.detach();
  cluster.run();
  // The group may come back; with another one's wishes it is over.
  ClusterReplica other = cluster.attach(1, "g");
  cluster.run();
  EXPECT_EQ(cluster.node(1).neighbours->metrics().rooms.read(), 0U);
  EXPECT_EQ(cluster.node(2).neighbours->metrics().rooms.read(), 0U);
}

}  // namespace
}  // namespace sluice::control
