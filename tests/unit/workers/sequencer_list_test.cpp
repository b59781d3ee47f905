// How a sequencer lists its rooms.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

#include "tests/unit/workers/one_order.hpp"

namespace sluice::workers {
namespace {

std::map<std::string, int> listed(const OneOrder& order, std::size_t limit, const std::string& prefix = "") {
  std::map<std::string, int> names;
  for (std::optional<std::uint32_t> from = 0; from;) {
    const RoomPage page = order.sequencer->list_rooms(*from, limit, prefix);
    EXPECT_LE(page.rooms.size(), limit);
    for (const RoomInfo& room : page.rooms) ++names[room.key.name];
    from = page.next;
  }
  return names;
}

TEST(SequencerList, ShowsRoomsWithMembersOrHistory) {
  OneOrder order;
  order.join(0, {"a", "b"});
  order.join(1, {"a"});
  order.say({"b", "c"});
  const RoomPage page = order.sequencer->list_rooms(0, 10, "");
  std::map<std::string, std::pair<std::uint64_t, std::uint64_t>> rooms;
  for (const RoomInfo& room : page.rooms) rooms[room.key.name] = {room.members, room.history_messages};
  EXPECT_EQ(rooms, (std::map<std::string, std::pair<std::uint64_t, std::uint64_t>>{
                       {"a", {2, 0}}, {"b", {1, 1}}, {"c", {0, 1}}}));
  EXPECT_EQ(page.next, std::nullopt);
}

TEST(SequencerList, LeavesImplicitRoomsOut) {
  OneOrder order;
  const std::vector<RoomKey> keys{RoomKey::everyone(), RoomKey::user("u"), RoomKey::room("r")};
  order.sequencer->join(base::WorkerId{0}, keys);
  EXPECT_EQ(listed(order, 10), (std::map<std::string, int>{{"r", 1}}));
}

TEST(SequencerList, FiltersByPrefix) {
  OneOrder order;
  order.join(0, {"game-1", "game-2", "gam", "chat"});
  EXPECT_EQ(listed(order, 1, "game-"), (std::map<std::string, int>{{"game-1", 1}, {"game-2", 1}}));
}

TEST(SequencerList, EveryPageSizeListsEachRoomOnce) {
  OneOrder order;
  order.join(0, {"a", "b", "c"});
  for (std::size_t limit = 1; limit <= 4; ++limit) {
    EXPECT_EQ(listed(order, limit), (std::map<std::string, int>{{"a", 1}, {"b", 1}, {"c", 1}})) << limit;
  }
}

TEST(SequencerList, PagesOverMoreRoomsThanOneHoldingOfTheLockLooksAt) {
  OneOrder order;
  for (int at = 0; at < 3000; ++at) order.join(0, {"room" + std::to_string(at)});
  EXPECT_EQ(listed(order, 700).size(), 3000u);
  EXPECT_EQ(listed(order, 10, "room2999").size(), 1u);
}

TEST(SequencerList, ARoomThatStaysIsListedOnceWhileOthersComeAndGo) {
  OneOrder order;
  std::mt19937 random(1);
  for (int at = 0; at < 200; ++at) order.join(0, {"stays" + std::to_string(at)});
  std::vector<std::string> others;
  std::map<std::string, int> names;
  for (std::optional<std::uint32_t> from = 0; from;) {
    for (int change = 0; change < 20; ++change) {
      if (!others.empty() && random() % 2 == 0) {
        order.leave(0, {others.back()});
        others.pop_back();
      } else {
        others.push_back("other" + std::to_string(random() % 1000) + "-" + std::to_string(others.size()));
        order.join(0, {others.back()});
      }
    }
    const RoomPage page = order.sequencer->list_rooms(*from, 7, "");
    for (const RoomInfo& room : page.rooms) ++names[room.key.name];
    from = page.next;
  }
  for (int at = 0; at < 200; ++at) EXPECT_EQ(names["stays" + std::to_string(at)], 1) << at;
}

TEST(SequencerList, APageBehindTheEndIsEmpty) {
  OneOrder order;
  order.join(0, {"a"});
  const RoomPage page = order.sequencer->list_rooms(1000, 10, "");
  EXPECT_TRUE(page.rooms.empty());
  EXPECT_EQ(page.next, std::nullopt);
}

std::vector<std::string> by_name(const OneOrder& order, const std::string& after, std::size_t limit,
                                 const std::string& prefix = "") {
  const RoomsByName list = order.sequencer->list_rooms_by_name(after, limit, prefix);
  std::vector<std::string> names;
  for (const RoomInfo& room : list.rooms) names.push_back(room.key.name + "=" + std::to_string(room.members));
  if (list.has_more) names.emplace_back("...");
  return names;
}

TEST(SequencerList, ByNameTheFirstOnesBehindANameComeInTheirOrder) {
  using Names = std::vector<std::string>;
  OneOrder order;
  order.join(0, {"d", "b", "a", "c"});
  order.join(1, {"b"});
  order.say({"e"});
  order.sequencer->join(base::WorkerId{0}, std::vector<RoomKey>{RoomKey::everyone(), RoomKey::user("aa")});
  EXPECT_EQ(by_name(order, "", 2), (Names{"a=1", "b=2", "..."}));
  EXPECT_EQ(by_name(order, "b", 2), (Names{"c=1", "d=1", "..."}));
  EXPECT_EQ(by_name(order, "c", 2), (Names{"d=1", "e=0"}));
  EXPECT_EQ(by_name(order, "e", 2), Names{});
  EXPECT_EQ(by_name(order, "", 10, "b"), Names{"b=2"});
  EXPECT_EQ(by_name(order, "bb", 10, "b"), Names{});
}

TEST(SequencerList, ByNameEveryPageSizeListsEachRoomOnce) {
  OneOrder order;
  std::vector<std::string> rooms;
  for (int number = 0; number < 3000; ++number) rooms.push_back("room-" + std::to_string(number * 7919 % 3000));
  order.join(0, rooms);
  std::ranges::sort(rooms);
  for (const std::size_t limit : {1000, 999, 3000, 4000}) {
    std::vector<std::string> listed_now;
    for (bool has_more = true; has_more;) {
      const std::string after = listed_now.empty() ? "" : listed_now.back();
      const RoomsByName list = order.sequencer->list_rooms_by_name(after, limit, "");
      for (const RoomInfo& room : list.rooms) listed_now.push_back(room.key.name);
      has_more = list.has_more;
    }
    EXPECT_EQ(listed_now, rooms) << limit;
  }
}

}  // namespace
}  // namespace sluice::workers
