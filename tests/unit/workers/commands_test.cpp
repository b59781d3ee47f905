#include "workers/commands.hpp"

#include <gtest/gtest.h>

#include <set>

#include "tests/unit/workers/running_workers.hpp"

namespace sluice::workers {
namespace {

Changed change(RunningWorkers& running, const Target& target, const std::vector<std::string>& rooms, bool joins) {
  const std::vector<RoomKey> keys = rooms_named(rooms);
  return running.on(
      0, [&](Worker& worker) { return joins ? join_rooms(worker, target, keys) : leave_rooms(worker, target, keys); });
}

Target room(const char* name) { return message_to(name, "")->target; }

TEST(Commands, JoiningCountsWhoMatchedAndWhoChanged) {
  RunningWorkers running;
  LineClient both = running.member("a b"), one = running.member("a"), other = running.member("c");
  const Changed changed = change(running, room("a"), {"b", "b"}, true);
  EXPECT_EQ(changed.matched, 2u);
  EXPECT_EQ(changed.changed, 1u);
  EXPECT_EQ(changed.refused, 0u);
  running.say("b", "hello");
  EXPECT_EQ(both.line(), "b@1:hello");
  EXPECT_EQ(one.line(), "b@1:hello");
  EXPECT_EQ(running.pool.sequencer({}).members(RoomKey::room("b")), 2u);
}

TEST(Commands, JoiningStopsAtTheBoundOfRooms) {
  Options options = with_workers(1);
  options.rooms_per_connection_max = 3;
  RunningWorkers running(options);
  LineClient client = running.member("a");
  const Changed changed = change(running, room("a"), {"b", "c", "d"}, true);
  EXPECT_EQ(changed.changed, 1u);
  EXPECT_EQ(changed.refused, 1u);
  EXPECT_EQ(running.pool.sequencer({}).members(RoomKey::room("c")), 1u);
  EXPECT_EQ(running.pool.sequencer({}).members(RoomKey::room("d")), 0u);
}

TEST(Commands, LeavingCountsWhoMatchedAndWhoChanged) {
  RunningWorkers running;
  LineClient both = running.member("a b"), one = running.member("a");
  const Changed changed = change(running, room("a"), {"b", "nobody"}, false);
  EXPECT_EQ(changed.matched, 2u);
  EXPECT_EQ(changed.changed, 1u);
  EXPECT_EQ(running.publish(message_to("b", "x"))->matched, 0u);
}

TEST(Commands, LeavingTheRoomThatIsTheTargetReachesAll) {
  RunningWorkers running;
  std::vector<LineClient> clients;
  clients.reserve(10);
  for (int count = 0; count < 10; ++count) clients.push_back(running.member("a"));
  EXPECT_EQ(change(running, room("a"), {"a"}, false).changed, 10u);
  EXPECT_EQ(running.pool.sequencer({}).members(RoomKey::room("a")), 0u);
}

TEST(Commands, TargetsMayExceptAndNameSingleConnections) {
  RunningWorkers running;
  LineClient one = running.member("a b"), two = running.member("a"), stranger = running.client();
  stranger.send("ping\n");
  EXPECT_EQ(stranger.line(), "pong");
  Target target = room("a");
  target.except_rooms = rooms_named({"b"});
  EXPECT_EQ(change(running, target, {"x"}, true).matched, 1u);
  const auto page = running.on(0, [](Worker& worker) { return list_connections(worker, {}, 0, 10); });
  ASSERT_EQ(page.connections.size(), 2u);
  Target named;
  named.connections = {page.connections[0].id, page.connections[0].id};
  EXPECT_EQ(change(running, named, {"y"}, true).matched, 1u);
}

TEST(Commands, FindsAConnectionUnderItsIdAlone) {
  RunningWorkers running;
  LineClient client = running.member("a user:u");
  const auto found = [&running](const base::ConnectionId& id) {
    return running.on(0, [&id](Worker& worker) { return find_connection(worker, id); });
  };
  const auto page = running.on(0, [](Worker& worker) { return list_connections(worker, {}, 0, 10); });
  ASSERT_EQ(page.connections.size(), 1u);
  const base::ConnectionId id = page.connections[0].id;
  EXPECT_EQ(id.incarnation, RunningWorkers::incarnation);
  const auto info = found(id);
  ASSERT_TRUE(info);
  EXPECT_EQ(info->user, "u");
  EXPECT_EQ(info->rooms, std::vector<std::string>{"a"});
  EXPECT_EQ(info->bytes_received, 14u);
  EXPECT_TRUE(info->remote_address.starts_with("127.0.0.1:"));
  for (const base::ConnectionId& stale : {base::ConnectionId{id.incarnation + 1, id.worker_id, id.slot, id.generation},
                                          base::ConnectionId{id.incarnation, base::WorkerId{1}, id.slot, id.generation},
                                          base::ConnectionId{id.incarnation, id.worker_id, id.slot, id.generation + 1},
                                          base::ConnectionId{id.incarnation, id.worker_id, 1'000'000, id.generation}}) {
    EXPECT_FALSE(found(stale)) << stale.text();
  }
  client.close();
  EXPECT_TRUE(running.has_connections(0));
  EXPECT_FALSE(found(id));
}

TEST(Commands, ListsEachConnectionOnceOverItsPages) {
  RunningWorkers running;
  std::vector<LineClient> clients;
  clients.reserve(100);
  for (int count = 0; count < 100; ++count) clients.push_back(running.member(count % 2 == 0 ? "even" : "odd"));
  std::multiset<std::string> ids;
  for (std::optional<std::uint32_t> from = 0; from;) {
    const ConnectionPage page =
        running.on(0, [&from](Worker& worker) { return list_connections(worker, {}, *from, 7); });
    EXPECT_LE(page.connections.size(), 7u);
    for (const ConnectionInfo& info : page.connections) ids.insert(info.id.text());
    from = page.next;
  }
  EXPECT_EQ(ids.size(), 100u);
  EXPECT_EQ(std::set<std::string>(ids.begin(), ids.end()).size(), 100u);
}

TEST(Commands, FiltersWhatItLists) {
  RunningWorkers running;
  LineClient one = running.member("a user:u"), two = running.member("a"), three = running.member("b");
  const auto count = [&running](const ConnectionFilter& filter) {
    return running.on(0, [&](Worker& worker) { return list_connections(worker, filter, 0, 10); }).connections.size();
  };
  ConnectionFilter filter;
  EXPECT_EQ(count(filter), 3u);
  filter.name_space = base::NamespaceId{0};
  filter.room = RoomKey::room("a");
  EXPECT_EQ(count(filter), 2u);
  filter.user = "u";
  EXPECT_EQ(count(filter), 1u);
  filter.user = "nobody";
  EXPECT_EQ(count(filter), 0u);
  filter = {};
  filter.protocol = Protocol::websocket;
  EXPECT_EQ(count(filter), 0u);
  filter = {};
  filter.name_space = base::NamespaceId{1};
  EXPECT_EQ(count(filter), 0u);
}

TEST(Commands, MembersOfARoomAreListedOnceOverThePages) {
  RunningWorkers running;
  std::vector<LineClient> clients;
  for (int count = 0; count < 7; ++count) clients.push_back(running.member(count % 2 == 0 ? "a user:mary" : "b"));
  std::set<base::ConnectionId> seen;
  std::size_t pages = 0;
  for (std::optional<std::uint32_t> from = 0; from; ++pages) {
    const MemberPage page =
        running.on(0, [&](Worker& worker) { return list_members(worker, {}, RoomKey::room("a"), *from, 2); });
    EXPECT_EQ(page.members.size(), 2u);
    for (const MemberInfo& member : page.members) {
      EXPECT_TRUE(seen.insert(member.id).second);
      EXPECT_EQ(member.user, "mary");
    }
    from = page.next;
  }
  EXPECT_EQ(pages, 2u);
  EXPECT_EQ(seen.size(), 4u);
  const MemberPage none =
      running.on(0, [&](Worker& worker) { return list_members(worker, {}, RoomKey::room("nobody"), 0, 2); });
  EXPECT_TRUE(none.members.empty());
  EXPECT_FALSE(none.next);
}

}  // namespace
}  // namespace sluice::workers
