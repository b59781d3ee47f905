#include "gateway/socket_claims.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <thread>
#include <vector>

#include "tests/unit/gateway/running_nodes.hpp"
#include "tests/unit/gateway/socket_io_client.hpp"

namespace sluice::gateway {
namespace {

using Loss = workers::MemorySessionStore::Loss;

bool has_records(RunningNodes& nodes, std::size_t count) {
  nodes.here.pass_second();
  return wait_until([&] { return nodes.store.size() == count; });
}

// How many connections of that node go by it.
std::uint64_t members_at(const RunningGateway& gateway, const std::string& sid) {
  workers::Target target;
  target.rooms.push_back(workers::RoomKey::room(sid));
  return std::as_const(*gateway.pool).sequencer({}).matched(target);
}

TEST(SocketClaims, ASocketComesBackToAnotherNodeAgainAndAgain) {
  RunningNodes nodes;
  auto before = std::make_unique<SocketIoClient>(nodes.here);
  const std::string sid = before->sid, pid = before->pid;
  for (int round = 0; round < 6; ++round) {
    // Every other time it comes back before it is known that it went.
    if (round % 2 == 0) {
      before->client.send(close_frame("\x03\xe8"));
      before->client.read_all();
    }
    auto again = std::make_unique<SocketIoClient>(round % 2 == 0 ? nodes.there : nodes.here, pid);
    EXPECT_EQ(again->sid, sid) << round;
    EXPECT_EQ(again->pid, pid) << round;
    before = std::move(again);
  }
}

TEST(SocketClaims, ASocketOutlivesItsNode) {
  RunningNodes nodes;
  const SocketIoClient before(nodes.here);
  ASSERT_TRUE(has_records(nodes, 1));
  nodes.network.lose(RunningNodes::here_incarnation);
  EXPECT_EQ(SocketIoClient(nodes.there, before.pid).sid, before.sid);
}

TEST(SocketClaims, ASocketOfALostNodeIsThereOnceHoweverManyClaimIt) {
  RunningNodes nodes;
  const SocketIoClient before(nodes.here);
  ASSERT_TRUE(has_records(nodes, 1));
  nodes.network.lose(RunningNodes::here_incarnation);
  std::vector<std::unique_ptr<SocketIoClient>> clients(4);
  std::vector<std::thread> threads;
  threads.reserve(clients.size());
  for (auto& client : clients) {
    threads.emplace_back([&] { client = std::make_unique<SocketIoClient>(nodes.there, before.pid); });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(std::ranges::any_of(clients, [&](const auto& one) { return one->sid == before.sid; }));
  EXPECT_EQ(members_at(nodes.there, before.sid), 1U);
}

TEST(SocketClaims, OneThatHasLeftDoesNotComeBackAnywhere) {
  RunningNodes nodes;
  SocketIoClient before(nodes.here);
  ASSERT_TRUE(has_records(nodes, 1));
  before.client.send(text_frame("41"));
  ASSERT_TRUE(has_records(nodes, 0));
  EXPECT_NE(SocketIoClient(nodes.there, before.pid).sid, before.sid);
  nodes.network.lose(RunningNodes::here_incarnation);
  EXPECT_NE(SocketIoClient(nodes.there, before.pid).sid, before.sid);
}

TEST(SocketClaims, OneThatCameBackElsewhereIsTakenFromWhereItIs) {
  RunningNodes nodes;
  const SocketIoClient first(nodes.here), second(nodes.there, first.pid);
  EXPECT_EQ(second.sid, first.sid);
  // Its pid names a node that is lost, but it lives on another one.
  nodes.network.lose(RunningNodes::here_incarnation);
  const SocketIoClient third(nodes.there, first.pid);
  EXPECT_EQ(third.sid, first.sid);
}

TEST(SocketClaims, WithoutAStoreThatAnswersItsFirstNodeIsAsked) {
  RunningNodes nodes;
  const SocketIoClient before(nodes.here);
  nodes.store.set_away(true);
  EXPECT_EQ(SocketIoClient(nodes.there, before.pid).sid, before.sid);
}

// The client is to try again later: it would lose what it missed as somebody new.
void expect_put_off(const RunningGateway& gateway, const std::string& pid) {
  TestClient client(gateway);
  client.open("/socket.io/?EIO=4&transport=websocket&room=lobby");
  client.read_frame();
  client.send(text_frame("40{\"pid\":\"" + pid + "\"}"));
  EXPECT_TRUE(client.read_frame().starts_with("\x88\x03\xF5"));
}

TEST(SocketClaims, WhileNobodyKnowsWhereItIsItIsPutOff) {
  RunningNodes nodes;
  const SocketIoClient before(nodes.here);
  ASSERT_TRUE(has_records(nodes, 1));
  nodes.network.lose(RunningNodes::here_incarnation);
  nodes.store.set_away(true);
  expect_put_off(nodes.there, before.pid);
  nodes.store.set_away(false);
  EXPECT_EQ(SocketIoClient(nodes.there, before.pid).sid, before.sid);
}

TEST(SocketClaims, OneThatIsOursWithoutOurHavingBeenToldIsNotLost) {
  RunningNodes nodes;
  const SocketIoClient before(nodes.here);
  ASSERT_TRUE(has_records(nodes, 1));
  nodes.network.lose(RunningNodes::here_incarnation);
  nodes.store.lose_next(Loss::answer);
  expect_put_off(nodes.there, before.pid);
  for (int round = 0; round < 2; ++round) EXPECT_EQ(SocketIoClient(nodes.there, before.pid).sid, before.sid);
}

TEST(SocketClaims, WhatWasKeptOfOneThatWasNotOursIsForgottenWhenItComes) {
  RunningNodes nodes;
  const SocketIoClient before(nodes.here);
  ASSERT_TRUE(has_records(nodes, 1));
  nodes.network.lose(RunningNodes::here_incarnation);
  nodes.store.lose_next(Loss::question);
  expect_put_off(nodes.there, before.pid);
  const SocketIoClient again(nodes.there, before.pid), once_more(nodes.there, before.pid);
  EXPECT_EQ(again.sid, before.sid);
  EXPECT_EQ(once_more.sid, before.sid);
  EXPECT_EQ(members_at(nodes.there, before.sid), 1U) << "the first is taken over";
}

TEST(SocketClaims, ARecordThatNobodyCanReadIsNone) {
  RunningNodes nodes;
  const SocketIoClient before(nodes.here);
  ASSERT_TRUE(has_records(nodes, 1));
  const auto [key, entry] = nodes.store.all().front();
  nodes.store.write(key, "nonsense", entry.revision, [](const auto& written) { EXPECT_TRUE(written); });
  nodes.network.lose(RunningNodes::here_incarnation);
  EXPECT_NE(SocketIoClient(nodes.there, before.pid).sid, before.sid);
}

TEST(SocketClaims, APidThatIsMadeUpIsNobodys) {
  RunningNodes nodes;
  const SocketIoClient before(nodes.here);
  const std::string forged = before.pid.substr(0, 40) + "AAAAAAAA";
  EXPECT_NE(SocketIoClient(nodes.there, forged).sid, before.sid);
}

}  // namespace
}  // namespace sluice::gateway
