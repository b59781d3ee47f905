#include "control/room_keeper.hpp"

#include <gtest/gtest.h>

namespace sluice::control {
namespace {

using namespace std::chrono_literals;
using Told = std::vector<std::string>;

constexpr RoomKeeper::Node own = 1, other = 2, third = 3;
const ClusterRoom room{"/", "a"};

struct Keeper : RoomKeeper {
  explicit Keeper(RoomSlots first = all_room_slots, const std::vector<Node>& nodes = {own, other})
      : RoomKeeper(Limits{}) {
    set_nodes(nodes, first, now);
  }
  void complete_all() {
    for (const Node node : {own, other, third}) complete(node, all_room_slots, now);
  }
  void occupy(Node node, bool is_fresh = true) { report(node, room, true, is_fresh, now); }
  void vacate(Node node) { report(node, room, false, true, now); }
  Told told() {
    Told all;
    for (const Change& change : take_changes()) all.push_back((change.is_occupied ? "+" : "-") + change.room.name);
    return all;
  }

  base::TimePoint now{100s};
};

TEST(RoomKeeper, TellsOfTheFirstAndTheLast) {
  Keeper keeper;
  keeper.complete_all();
  keeper.occupy(own);
  keeper.occupy(other);
  keeper.vacate(own);
  EXPECT_EQ(keeper.told(), Told{"+a"});
  keeper.vacate(other);
  keeper.vacate(other);
  EXPECT_EQ(keeper.told(), Told{"-a"});
  EXPECT_EQ(keeper.size(), 0U);
}

TEST(RoomKeeper, WaitsUntilAllHaveReported) {
  Keeper keeper;
  keeper.complete(own, all_room_slots, keeper.now);
  keeper.occupy(own);
  EXPECT_EQ(keeper.told(), Told());
  keeper.occupy(other, false);
  keeper.complete(other, all_room_slots, keeper.now);
  // The cluster knows that already.
  EXPECT_EQ(keeper.told(), Told());
  keeper.vacate(own);
  keeper.vacate(other);
  EXPECT_EQ(keeper.told(), Told{"-a"});
}

TEST(RoomKeeper, WaitsNoLongerThanItsPatience) {
  Keeper keeper;
  keeper.occupy(own);
  EXPECT_EQ(keeper.deadline(), keeper.now + 3s);
  keeper.now += 3s;
  keeper.look(keeper.now);
  EXPECT_EQ(keeper.told(), Told{"+a"});
  EXPECT_FALSE(keeper.deadline());
}

TEST(RoomKeeper, WhatCameAndWentMeanwhileIsNotTold) {
  Keeper keeper;
  keeper.occupy(own);
  keeper.vacate(own);
  keeper.complete_all();
  EXPECT_EQ(keeper.told(), Told());
  EXPECT_EQ(keeper.size(), 0U);
}

TEST(RoomKeeper, WhatWasKnownAndWentMeanwhileIsTold) {
  Keeper keeper;
  keeper.occupy(other, false);
  keeper.vacate(other);
  keeper.complete_all();
  EXPECT_EQ(keeper.told(), Told{"-a"});
}

TEST(RoomKeeper, TellsOnlyOfItsOwnSlots) {
  Keeper keeper(all_room_slots & ~slot_bit(slot_of(room)));
  keeper.complete_all();
  keeper.occupy(other);
  EXPECT_EQ(keeper.told(), Told());
  EXPECT_EQ(keeper.size(), 1U);
}

TEST(RoomKeeper, TheSecondTellsWhatTheFirstMayNotHaveTold) {
  Keeper keeper(0, {own, other, third});
  keeper.complete_all();
  keeper.report(other, {"/", "old"}, true, true, keeper.now);
  keeper.now += 1s;
  const auto last_heard = keeper.now;
  keeper.now += 1s;
  keeper.occupy(other);
  keeper.vacate(other);
  keeper.now += 1s;
  keeper.set_nodes({own, other}, all_room_slots, keeper.now, last_heard);
  EXPECT_EQ(keeper.told(), (Told{"+a", "-a"}));
}

TEST(RoomKeeper, RoomsOfANodeThatIsGoneAreVacated) {
  Keeper keeper;
  keeper.complete_all();
  keeper.occupy(other);
  EXPECT_EQ(keeper.told(), Told{"+a"});
  keeper.set_nodes({own}, all_room_slots, keeper.now);
  EXPECT_EQ(keeper.told(), Told{"-a"});
}

TEST(RoomKeeper, WhatIsNotReportedAnewIsVacated) {
  Keeper keeper;
  keeper.complete_all();
  keeper.occupy(other);
  keeper.report(other, {"/", "b"}, true, true, keeper.now);
  EXPECT_EQ(keeper.told(), (Told{"+a", "+b"}));
  keeper.begin_anew(other);
  keeper.occupy(other, false);
  keeper.complete(other, all_room_slots, keeper.now);
  EXPECT_EQ(keeper.told(), Told{"-b"});
}

TEST(RoomKeeper, WhatIsDroppedIsForgottenWithoutAWord) {
  Keeper keeper;
  keeper.complete_all();
  keeper.occupy(other);
  EXPECT_EQ(keeper.told(), Told{"+a"});
  keeper.drop(other, all_room_slots);
  EXPECT_EQ(keeper.told(), Told());
  EXPECT_EQ(keeper.size(), 0U);
}

TEST(RoomKeeper, ReportsOfStrangersAreNone) {
  Keeper keeper;
  keeper.complete_all();
  keeper.occupy(9);
  EXPECT_EQ(keeper.told(), Told());
  EXPECT_EQ(keeper.size(), 0U);
}

TEST(RoomKeeper, SlotsAreTheSameOnAllNodes) {
  EXPECT_EQ(slot_of({"/", "a"}), slot_of({"/", "a"}));
  EXPECT_NE(slot_of({"/", "ab"}), slot_of({"/a", "b"}));
  EXPECT_EQ(slot_of({"/", "lobby"}), 21U);
}

}  // namespace
}  // namespace sluice::control
