#include "workers/rooms.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

namespace sluice::workers {
namespace {

constexpr base::NamespaceId root{0}, other{1};

struct Crowd {
  explicit Crowd(std::size_t count) : memberships(count) {}
  void join(std::uint32_t slot, const RoomKey& key, std::uint64_t place = 0, base::NamespaceId in = root) {
    rooms.join(in, key, slot, memberships[slot], place);
  }
  bool leave(std::uint32_t slot, const RoomKey& key, base::NamespaceId in = root) {
    return rooms.leave(in, key, memberships[slot], memberships_of());
  }
  std::function<Memberships&(std::uint32_t)> memberships_of() {
    return [this](std::uint32_t slot) -> Memberships& { return memberships[slot]; };
  }
  std::set<std::uint32_t> members(const RoomKey& key, base::NamespaceId in = root) const {
    std::set<std::uint32_t> slots;
    const Room* const room = rooms.find(in, key.kind, key.name);
    if (room == nullptr) return slots;
    for (const Member& member : room->members()) slots.insert(member.slot);
    EXPECT_EQ(slots.size(), room->members().size());
    return slots;
  }
  std::vector<Memberships> memberships;
  Rooms rooms;
};

using Slots = std::set<std::uint32_t>;
const RoomKey a = RoomKey::room("a"), b = RoomKey::room("b");

TEST(Rooms, WhoJoinsIsAMemberFromItsPlaceOn) {
  Crowd crowd(2);
  crowd.join(0, a, 17);
  crowd.join(1, a, 18);
  const Room* const room = crowd.rooms.find(root, RoomKey::Kind::room, "a");
  ASSERT_NE(room, nullptr);
  EXPECT_EQ(room->members()[0].joined_place, 17u);
  EXPECT_EQ(room->members()[1].joined_place, 18u);
  EXPECT_TRUE(crowd.rooms.is_member(root, a, crowd.memberships[0]));
  EXPECT_FALSE(crowd.rooms.is_member(root, b, crowd.memberships[0]));
}

TEST(Rooms, AMemberThatLeftIsNotFound) {
  Crowd crowd(3);
  for (std::uint32_t slot = 0; slot < 3; ++slot) crowd.join(slot, a);
  EXPECT_TRUE(crowd.leave(1, a));
  EXPECT_FALSE(crowd.leave(1, a));
  EXPECT_EQ(crowd.members(a), (Slots{0, 2}));
  EXPECT_EQ(crowd.memberships[1].size(), 0u);
}

TEST(Rooms, ARoomGoesWithItsLastMember) {
  Crowd crowd(1);
  EXPECT_EQ(crowd.rooms.size(), 0u);
  crowd.join(0, a);
  crowd.join(0, b);
  EXPECT_EQ(crowd.rooms.size(), 2u);
  crowd.leave(0, a);
  EXPECT_EQ(crowd.rooms.find(root, RoomKey::Kind::room, "a"), nullptr);
  EXPECT_EQ(crowd.rooms.size(), 1u);
}

TEST(Rooms, KindsAndNamespacesAreWorldsOfTheirOwn) {
  Crowd crowd(4);
  crowd.join(0, RoomKey::room("x"));
  crowd.join(1, RoomKey::user("x"));
  crowd.join(2, RoomKey::room("x"), 0, other);
  crowd.join(3, RoomKey::everyone());
  EXPECT_EQ(crowd.members(RoomKey::room("x")), Slots{0});
  EXPECT_EQ(crowd.members(RoomKey::user("x")), Slots{1});
  EXPECT_EQ(crowd.members(RoomKey::room("x"), other), Slots{2});
  EXPECT_EQ(crowd.members(RoomKey::everyone()), Slots{3});
  EXPECT_EQ(crowd.members(RoomKey::room("")), Slots{});
}

TEST(Rooms, LeavingAllNamesEachRoomOnce) {
  Crowd crowd(2);
  for (const char* name : {"a", "b", "c"}) crowd.join(0, RoomKey::room(name));
  crowd.join(1, b);
  std::multiset<std::string> left;
  crowd.rooms.leave_all(crowd.memberships[0], crowd.memberships_of(),
                        [&left](const RoomKey& key) { left.insert(key.name); });
  EXPECT_EQ(left, (std::multiset<std::string>{"a", "b", "c"}));
  EXPECT_EQ(crowd.rooms.size(), 1u);
  EXPECT_EQ(crowd.members(b), Slots{1});
}

// What is to be true of every room and every connection, told from a map.
class Model {
 public:
  explicit Model(std::uint32_t seed) : random_(seed), crowd_(connections) {}

  void step() {
    const auto slot = static_cast<std::uint32_t>(random_() % connections);
    const Key key{static_cast<std::uint16_t>(random_() % 2), "room" + std::to_string(random_() % 12)};
    if (random_() % 40 == 0) return leave_all(slot);
    const bool is_member = members_[key].contains(slot);
    if (random_() % 2 == 0) {
      ASSERT_EQ(crowd_.leave(slot, RoomKey::room(key.second), {key.first}), is_member);
      members_[key].erase(slot);
    } else if (!is_member) {
      crowd_.join(slot, RoomKey::room(key.second), ++place_, {key.first});
      members_[key][slot] = place_;
    }
  }

  void compare() const {
    std::size_t rooms = 0;
    std::map<std::uint32_t, std::size_t> counts;
    for (const auto& [key, slots] : members_) {
      rooms += slots.empty() ? 0 : 1;
      const Room* const room = crowd_.rooms.find({key.first}, RoomKey::Kind::room, key.second);
      ASSERT_EQ(room != nullptr, !slots.empty());
      if (room == nullptr) continue;
      ASSERT_EQ(room->members().size(), slots.size());
      for (const Member& member : room->members()) {
        ++counts[member.slot];
        ASSERT_TRUE(slots.contains(member.slot));
        ASSERT_EQ(member.joined_place, slots.at(member.slot));
        const auto all = crowd_.memberships[member.slot].all();
        ASSERT_LT(member.membership, all.size());
        ASSERT_EQ(all[member.membership].room, room);
        ASSERT_EQ(&room->members()[all[member.membership].place], &member);
      }
    }
    ASSERT_EQ(crowd_.rooms.size(), rooms);
    for (std::uint32_t slot = 0; slot < connections; ++slot) {
      ASSERT_EQ(crowd_.memberships[slot].size(), counts[slot]);
    }
  }

 private:
  using Key = std::pair<std::uint16_t, std::string>;
  static constexpr std::uint32_t connections = 40;

  void leave_all(std::uint32_t slot) {
    std::size_t left = 0, expected = 0;
    crowd_.rooms.leave_all(crowd_.memberships[slot], crowd_.memberships_of(), [&left](const RoomKey&) { ++left; });
    for (auto& [key, slots] : members_) expected += slots.erase(slot);
    ASSERT_EQ(left, expected);
  }

  std::mt19937 random_;
  Crowd crowd_;
  std::map<Key, std::map<std::uint32_t, std::uint64_t>> members_;
  std::uint64_t place_ = 0;
};

TEST(RoomsModel, AgreesOverRandomSteps) {
  for (std::uint32_t seed = 1; seed <= 5; ++seed) {
    SCOPED_TRACE(seed);
    Model model(seed);
    for (int step = 0; step < 2000; ++step) {
      model.step();
      model.compare();
      if (testing::Test::HasFatalFailure()) return;
    }
  }
}

}  // namespace
}  // namespace sluice::workers
