// Draining, shedding and ageing, over workers that run.
#include <gtest/gtest.h>

#include "tests/unit/workers/running_workers.hpp"

namespace sluice::workers {
namespace {

using std::chrono::milliseconds;
const Ending going{EndReason::draining, 1001, "going"};

bool accepts(const RunningWorkers& running, std::size_t worker = 0) {
  LineClient client;
  return client.connect(running.addresses[worker]);
}

TEST(WorkerDrains, WhoComesWhileItDrainsIsRefusedAndMayComeOnceItIsUndone) {
  RunningWorkers running;
  running.pool.stop_accepting(Pool::Stop::for_now);
  running.turn();
  EXPECT_FALSE(accepts(running));
  EXPECT_FALSE(running.on(0, [](Worker& worker) { return worker.is_accepting(); }));
  EXPECT_TRUE(running.on(0, [](Worker& worker) { return worker.listen_again().has_value(); }));
  running.pool.undrain();
  running.turn();
  LineClient client = running.client();
  client.send("ping\n");
  EXPECT_EQ(client.line(), "pong");
}

TEST(WorkerDrains, UndrainingEndsNobodyAnyMore) {
  RunningWorkers running;
  LineClient client = running.member("a");
  running.pool.stop_accepting(Pool::Stop::for_now);
  running.pool.drain({.over = std::chrono::hours(1), .ending = going});
  EXPECT_TRUE(running.pool.is_draining());
  EXPECT_GT(running.pool.drain_left(), std::chrono::minutes(59));
  EXPECT_TRUE(running.on(0, [](Worker& worker) { return worker.listen_again().has_value(); }));
  running.pool.undrain();
  EXPECT_FALSE(running.pool.is_draining());
  EXPECT_EQ(running.pool.drain_left().count(), 0);
  client.send("ping\n");
  EXPECT_EQ(client.line(), "pong");
}

TEST(WorkerDrains, AnAddressThatSomebodyHasByThenIsNotHadAgain) {
  RunningWorkers running;
  running.pool.stop_accepting(Pool::Stop::for_now);
  running.turn();
  const int other = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
  ASSERT_EQ(setsockopt(other, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on), 0);
  const base::Address& address = running.addresses[0];
  ASSERT_EQ(bind(other, address.socket_address(), address.socket_address_bytes()), 0);
  ASSERT_EQ(listen(other, 1), 0);
  const auto refused = running.on(0, [](Worker& worker) { return worker.listen_again(); });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, base::Errc::unavailable);
  EXPECT_NE(refused.error().detail.find(address.text()), std::string::npos) << refused.error().detail;
  close(other);
  EXPECT_TRUE(running.on(0, [](Worker& worker) { return worker.listen_again().has_value(); }));
  EXPECT_TRUE(accepts(running));
}

TEST(WorkerDrains, WhatIsForGoodIsNotUndone) {
  RunningWorkers running;
  running.pool.stop_accepting(Pool::Stop::for_good);
  EXPECT_TRUE(running.pool.is_leaving());
  running.turn();
  EXPECT_FALSE(running.on(0, [](Worker& worker) { return worker.listen_again().has_value(); }));
  EXPECT_FALSE(accepts(running));
}

TEST(WorkerDrains, ListenersThatWereGivenUpServeWhoeverHasACopy) {
  RunningWorkers running;
  auto sockets = running.pool.listening_sockets(base::Clock::now() + std::chrono::seconds(20));
  ASSERT_TRUE(sockets);
  ASSERT_EQ(sockets->front().listeners.size(), 1u);
  running.pool.give_up_listeners(base::Clock::now() + std::chrono::seconds(20));
  running.turn();
  LineClient client = running.client();  // by the copy
  running.turn();
  EXPECT_EQ(running.pool.connections(), 0u);
  const int accepted = accept(sockets->front().listeners.front().descriptor.number(), nullptr, nullptr);
  EXPECT_GE(accepted, 0);
  close(accepted);
}

TEST(WorkerDrains, TheNewestMayGoFirstOrTheOldestOrTheMostIdle) {
  for (const auto& [order, first] :
       {std::pair(DrainOrder::newest, 1), {DrainOrder::oldest, 0}, {DrainOrder::idle, 1}}) {
    RunningWorkers running;
    LineClient older = running.member("a");
    LineClient newer = running.member("b");
    // The older one is the busier one: its message goes through a second later than both came.
    const auto after = base::Clock::now() + std::chrono::seconds(1);
    EXPECT_TRUE(RunningWorkers::eventually([&] { return base::Clock::now() > after; }));
    running.say("a", "x");
    EXPECT_EQ(older.line(), "a@1:x");
    running.on(0, [order = order](Worker& worker) {
      worker.shed({.order = order, .ending = going}, 50);
      return 0;
    });
    LineClient& ended = first == 0 ? older : newer;
    EXPECT_EQ(ended.line(), "bye draining 1001 going") << drain_order_names[static_cast<std::size_t>(order)];
  }
}

TEST(WorkerDrains, AShedEndsItsShareAndNobodyElse) {
  RunningWorkers running;
  std::vector<LineClient> clients;
  clients.reserve(10);
  for (int count = 0; count < 10; ++count) clients.push_back(running.member("a"));
  const Ending shed{EndReason::shed, 1001, "elsewhere"};
  EXPECT_EQ(running.on(0, [&](Worker& worker) { return worker.shed({.ending = shed}, 40); }), 4u);
  EXPECT_TRUE(RunningWorkers::eventually([&] { return running.pool.sequencer({}).members(RoomKey::room("a")) == 6; }));
  EXPECT_TRUE(accepts(running));
  EXPECT_FALSE(running.pool.is_draining());
  clients.clear();
  EXPECT_TRUE(running.has_connections(0));
  EXPECT_EQ(running.closed(EndReason::shed), 4u);
}

TEST(WorkerDrains, AtItsDeadlineWhoeverDoesNotCloseIsCutOff) {
  RunningWorkers running;  // whose clients have 20 s to close
  LineClient client = running.member("a");
  running.pool.drain({.over = milliseconds(0), .deadline = milliseconds(100), .ending = going});
  EXPECT_TRUE(running.has_connections(0));
  EXPECT_EQ(client.rest(), "bye draining 1001 going\n");
  EXPECT_EQ(running.closed(EndReason::draining), 1u);
}

TEST(WorkerDrains, AConnectionBecomesOnlySoOld) {
  Options options = with_workers(1);
  options.connection_age_seconds_max = milliseconds(1500);
  RunningWorkers running(options);
  const auto began = base::Clock::now();
  LineClient client = running.member("a");
  EXPECT_EQ(client.rest(), "bye aged 1001 the connection is as old as it may be\n");
  EXPECT_GT(base::Clock::now() - began, milliseconds(1200));
  client.close();
  EXPECT_TRUE(running.has_connections(0));
  EXPECT_EQ(running.closed(EndReason::aged), 1u);
}

}  // namespace
}  // namespace sluice::workers
