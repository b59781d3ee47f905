#include "gateway/socket_records.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "gateway/socket_codec.hpp"
#include "tests/unit/gateway/running_nodes.hpp"
#include "tests/unit/gateway/socket_io_client.hpp"
#include "workers/commands.hpp"

namespace sluice::gateway {
namespace {

using workers::RoomKey;

// What the store has of the only socket in it.
std::optional<socket_codec::Record> record(RunningNodes& nodes) {
  const auto all = nodes.store.all();
  if (all.size() != 1) return std::nullopt;
  workers::Namespaces namespaces;
  const auto text = Seals(std::string(32, 's')).unlock(all[0].first, all[0].second.value);
  if (!text) return std::nullopt;
  auto read = socket_codec::decode_record(*text, namespaces);
  return read ? std::optional(*std::move(read)) : std::nullopt;
}

bool is_in(const std::optional<socket_codec::Record>& one, const std::string& room) {
  return one && std::ranges::any_of(one->socket.rooms, [&](const auto& it) { return it.key == RoomKey::room(room); });
}

// Puts all sockets of `gateway` that are in `room` into others.
void join(const RunningGateway& gateway, const std::string& room, const std::vector<RoomKey>& rooms) {
  for (std::uint16_t worker = 0; worker < 2; ++worker) {
    EXPECT_TRUE(gateway.pool->post(base::WorkerId{worker}, [room, rooms](workers::Worker& there) {
      workers::Target target;
      target.rooms.push_back(RoomKey::room(room));
      workers::join_rooms(there, target, rooms);
    }));
  }
}

// Waits until that is so, while seconds pass.
template <class Condition>
bool in_time(RunningNodes& nodes, Condition&& condition) {
  return wait_until([&] {
    nodes.here.pass_second();
    nodes.there.pass_second();
    return condition();
  });
}

std::uint64_t unwritten(const RunningGateway& gateway) {
  return gateway.metrics(0).roaming.unwritten.read() + gateway.metrics(1).roaming.unwritten.read();
}

TEST(SocketRecords, ASocketIsWrittenWithItsRoomsAndWhereItIs) {
  RunningNodes nodes;
  const SocketIoClient client(nodes.here);
  ASSERT_TRUE(in_time(nodes, [&] { return record(nodes).has_value(); }));
  const auto kept = record(nodes);
  EXPECT_EQ(kept->socket.sid, client.sid);
  EXPECT_EQ(kept->holder, RunningNodes::here_incarnation);
  EXPECT_TRUE(is_in(kept, "lobby"));
  EXPECT_TRUE(is_in(kept, client.sid));
}

TEST(SocketRecords, NeitherItsSecretNorItsRoomsCanBeReadByOthers) {
  RunningNodes nodes;
  const SocketIoClient client(nodes.here);
  ASSERT_TRUE(in_time(nodes, [&] { return nodes.store.size() == 1; }));
  const auto [key, entry] = nodes.store.all().front();
  EXPECT_EQ(key.find(client.pid), std::string::npos);
  for (const std::string& text : {client.pid, client.sid, std::string("lobby")}) {
    EXPECT_EQ(entry.value.find(text), std::string::npos);
  }
}

TEST(SocketRecords, ManyChangesWithinASecondAreWrittenTogether) {
  RunningNodes nodes;
  const SocketIoClient client(nodes.here);
  ASSERT_TRUE(in_time(nodes, [&] { return nodes.store.size() == 1; }));
  for (int count = 0; count < 50; ++count) join(nodes.here, "lobby", {RoomKey::room("room " + std::to_string(count))});
  ASSERT_TRUE(wait_until([&] { return is_in(record(nodes), "room 49"); }));
  EXPECT_LE(nodes.store.writes(), 4U);
}

TEST(SocketRecords, OneThatBreaksIsWrittenAtOnce) {
  RunningNodes nodes;
  SocketIoClient client(nodes.here);
  client.client.send(close_frame("\x03\xe8"));
  client.client.read_all();
  const auto began = std::chrono::steady_clock::now();
  ASSERT_TRUE(wait_until([&] { return nodes.store.size() == 1; }));
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::milliseconds(900));
}

TEST(SocketRecords, WhatCannotBeWrittenIsTriedAgain) {
  RunningNodes nodes;
  nodes.store.set_away(true);
  const SocketIoClient stays(nodes.here);
  SocketIoClient breaks(nodes.here);
  breaks.client.send(close_frame("\x03\xe8"));
  breaks.client.read_all();
  ASSERT_TRUE(in_time(nodes, [&] { return unwritten(nodes.here) >= 2; }));
  nodes.store.set_away(false);
  EXPECT_TRUE(in_time(nodes, [&] { return nodes.store.size() == 2; }));
}

TEST(SocketRecords, WhatCannotBeRemovedIsTriedAgain) {
  RunningNodes nodes;
  SocketIoClient client(nodes.here);
  ASSERT_TRUE(in_time(nodes, [&] { return nodes.store.size() == 1; }));
  nodes.store.set_away(true);
  client.client.send(text_frame("41"));
  client.client.send(close_frame("\x03\xe8"));
  client.client.read_all();
  ASSERT_TRUE(in_time(nodes, [&] { return nodes.here.pool->connections() == 0; }));
  nodes.store.set_away(false);
  EXPECT_TRUE(in_time(nodes, [&] { return nodes.store.size() == 0; }));
}

TEST(SocketRecords, WhoeverIsCutOffDoesNotWriteOverWhatAnotherNodeHasClaimed) {
  RunningNodes nodes;
  const SocketIoClient before(nodes.here);
  ASSERT_TRUE(in_time(nodes, [&] { return nodes.store.size() == 1; }));
  const auto hidden = nodes.network.hide(RunningNodes::here_incarnation);
  const SocketIoClient again(nodes.there, before.pid);
  EXPECT_EQ(again.sid, before.sid);
  ASSERT_TRUE(in_time(nodes, [&] { return record(nodes)->holder == RunningNodes::there_incarnation; }));
  join(nodes.here, "lobby", {RoomKey::room("too late")});
  join(nodes.there, "lobby", {RoomKey::room("in time")});
  ASSERT_TRUE(in_time(nodes, [&] { return is_in(record(nodes), "in time"); }));
  EXPECT_EQ(record(nodes)->holder, RunningNodes::there_incarnation);
  EXPECT_FALSE(is_in(record(nodes), "too late"));
}

TEST(SocketRecords, OneThatIsRememberedNoMoreIsRemoved) {
  RunningNodes nodes([](RunningGateway& gateway) { gateway.options.recovery_seconds = std::chrono::milliseconds(1); });
  SocketIoClient client(nodes.here);
  ASSERT_TRUE(in_time(nodes, [&] { return nodes.store.size() == 1; }));
  client.client.send(close_frame("\x03\xe8"));
  client.client.read_all();
  EXPECT_TRUE(in_time(nodes, [&] { return nodes.store.size() == 0; }));
}

}  // namespace
}  // namespace sluice::gateway
