// How connections end, over a worker that runs.
#include <gtest/gtest.h>

#include "tests/unit/workers/running_workers.hpp"

namespace sluice::workers {
namespace {

std::uint64_t disconnect_room(RunningWorkers& running, const char* room, std::uint16_t code = 4000) {
  return running.on(0, [&](Worker& worker) {
    return disconnect(worker, message_to(room, "")->target, {EndReason::disconnected, code, "told to go"});
  });
}

TEST(WorkerEndings, LastWordsThenTheClientCloses) {
  RunningWorkers running;
  LineClient client = running.member("a"), other = running.member("b");
  EXPECT_EQ(disconnect_room(running, "a"), 1u);
  EXPECT_EQ(client.rest(), "bye disconnected 4000 told to go\n");
  // The gateway has said all, and waits for the client.
  EXPECT_EQ(running.pool.connections(), 2u);
  client.close();
  EXPECT_TRUE(running.has_connections(1));
  EXPECT_EQ(running.closed(EndReason::disconnected), 1u);
  other.send("ping\n");
  EXPECT_EQ(other.line(), "pong");
}

TEST(WorkerEndings, WhoWasToldToGoIsNoMemberAnyMore) {
  RunningWorkers running;
  LineClient client = running.member("a");
  EXPECT_EQ(disconnect_room(running, "a"), 1u);
  EXPECT_EQ(client.line(), "bye disconnected 4000 told to go");
  EXPECT_EQ(running.pool.sequencer({}).members(RoomKey::room("a")), 0u);
  EXPECT_EQ(running.pool.connections(), 1u);
}

TEST(WorkerEndings, WhoDoesNotCloseIsClosedAfterTheTimeout) {
  Options options = with_workers(1);
  options.close_timeout_seconds = std::chrono::milliseconds(50);
  RunningWorkers running(options);
  LineClient client = running.member("a");
  EXPECT_EQ(disconnect_room(running, "a"), 1u);
  EXPECT_EQ(client.rest(), "bye disconnected 4000 told to go\n");
  EXPECT_TRUE(running.has_connections(0));
}

TEST(WorkerEndings, WhatTheClientStillSendsIsReadAndThrownAway) {
  RunningWorkers running;
  LineClient client = running.member("a");
  auto blocked = running.block();
  client.send("ping\nsay a x\n");
  ASSERT_TRUE(running.pool.post(base::WorkerId{0}, [](Worker& worker) {
    disconnect(worker, message_to("a", "")->target, {EndReason::disconnected, 4000, "now"});
  }));
  blocked.reset();
  // The job came before the bytes in the same turn, or they were read first: either way the stream ends cleanly.
  const std::string rest = client.rest();
  EXPECT_TRUE(rest.ends_with("bye disconnected 4000 now\n")) << rest;
  for (int count = 0; count < 100; ++count) client.send(std::string(10'000, 'x'));
  client.close();
  EXPECT_TRUE(running.has_connections(0));
}

TEST(WorkerEndings, NothingIsDeliveredOnceTheEndingHasBegun) {
  RunningWorkers running;
  LineClient client = running.member("a");
  running.on(0, [](Worker& worker) {
    disconnect(worker, message_to("a", "")->target, {EndReason::disconnected, 4000, "now"});
    return worker.publish(message_to("a", "too late"), nullptr)->has_value();
  });
  running.say("a", "later still");
  EXPECT_EQ(client.rest(), "bye disconnected 4000 now\n");
}

TEST(WorkerEndings, WhatWasQueuedBeforeStillArrives) {
  RunningWorkers running;
  LineClient client = running.member("a");
  auto blocked = running.block();
  running.say("a", "before");
  ASSERT_TRUE(running.pool.post(base::WorkerId{0}, [](Worker& worker) {
    disconnect(worker, message_to("a", "")->target, {EndReason::disconnected, 4000, "now"});
  }));
  blocked.reset();
  EXPECT_EQ(client.rest(), "a@1:before\nbye disconnected 4000 now\n");
}

TEST(WorkerEndings, AWireMayEndItselfWithOrWithoutWords) {
  RunningWorkers running;
  LineClient polite = running.client(), rude = running.client();
  polite.send("end of it\nping\n");
  EXPECT_EQ(polite.rest(), "bye client_closed 1000 of it\n");
  rude.send("vanish\nping\n");
  EXPECT_EQ(rude.line(), "(closed)");
  EXPECT_TRUE(running.has_connections(0));
  EXPECT_EQ(running.closed(EndReason::protocol_error), 1u);
}

TEST(WorkerEndings, MembershipsEndWithTheConnection) {
  RunningWorkers running(with_workers(2));
  Sequencer& sequencer = running.pool.sequencer({});
  LineClient one = running.member("a b user:u", 0), two = running.member("a", 1);
  EXPECT_EQ(sequencer.members(RoomKey::room("a")), 2u);
  EXPECT_EQ(sequencer.members(RoomKey::everyone()), 2u);
  EXPECT_EQ(sequencer.members(RoomKey::user("u")), 1u);
  one.close();
  EXPECT_TRUE(running.has_connections(1));
  EXPECT_EQ(sequencer.members(RoomKey::room("a")), 1u);
  EXPECT_EQ(sequencer.members(RoomKey::room("b")), 0u);
  EXPECT_EQ(sequencer.members(RoomKey::everyone()), 1u);
  EXPECT_EQ(running.on(0, [](Worker& worker) { return worker.rooms().size(); }), 0u);
  two.close();
  EXPECT_TRUE(running.has_connections(0));
  EXPECT_EQ(sequencer.size().rooms, 0u);
}

TEST(WorkerEndings, ASlowClientIsToldAndEndedAndOthersAreNot) {
  Options options = with_workers(1);
  options.outbox_bytes_max = 100'000;
  RunningWorkers running(options);
  LineClient slow = running.member("a"), fast = running.member("a");
  const std::string large(90'000, 'x');
  std::string got;
  for (int count = 1; count <= 200 && running.closed(EndReason::slow_client) == 0; ++count) {
    running.say("a", large);
    ASSERT_EQ(fast.line(), "a@" + std::to_string(count) + ":" + large);
    if (!running.on(0, [](Worker& worker) {
          return worker.rooms().find({}, RoomKey::Kind::room, "a")->members().size() == 2;
        })) {
      break;
    }
  }
  const std::string rest = slow.rest();
  EXPECT_TRUE(rest.ends_with("bye slow_client 1013 outbox over its limit\n")) << rest.size();
  slow.close();
  EXPECT_TRUE(running.has_connections(1));
  EXPECT_EQ(running.closed(EndReason::slow_client), 1u);
}

TEST(WorkerEndings, LastWordsDoNotStandBehindAllThatASlowClientDidNotRead) {
  Options options = with_workers(1);
  options.outbox_bytes_max = 100'000;
  RunningWorkers running(options);
  LineClient slow = running.member("a");
  const auto members = [&running] { return running.pool.sequencer({}).members(RoomKey::room("a")); };
  std::uint64_t said = 0;
  for (; members() == 1; ++said) {
    running.say("a", std::string(10'000, 'x'));
    running.turn();
  }
  const std::string rest = slow.rest();
  const auto lines = static_cast<std::uint64_t>(std::count(rest.begin(), rest.end(), '\n'));
  EXPECT_LT(lines, said - 5);
  EXPECT_TRUE(rest.ends_with("\nbye slow_client 1013 outbox over its limit\n"));
}

TEST(WorkerEndings, DrainingEndsEveryoneAndWhoComesMeanwhile) {
  RunningWorkers running(with_workers(2));
  std::vector<LineClient> clients;
  for (std::size_t count = 0; count < 20; ++count) clients.push_back(running.member("a", count % 2));
  EXPECT_FALSE(running.pool.is_draining());
  running.pool.drain({.over = std::chrono::milliseconds(300), .ending = {EndReason::draining, 1001, "going away"}});
  EXPECT_TRUE(running.pool.is_draining());
  clients.push_back(running.client(0));
  for (LineClient& client : clients) {
    EXPECT_EQ(client.line(), "bye draining 1001 going away");
    client.close();
  }
  EXPECT_TRUE(running.has_connections(0));
}

TEST(WorkerEndings, DrainingIsSpreadOverItsTime) {
  RunningWorkers running;
  std::vector<LineClient> clients;
  clients.reserve(10);
  for (int count = 0; count < 10; ++count) clients.push_back(running.member("a"));
  const base::TimePoint began = base::Clock::now();
  running.pool.drain({.over = std::chrono::milliseconds(400), .ending = {EndReason::draining, 1001, ""}});
  for (LineClient& client : clients) EXPECT_EQ(client.line(), "bye draining 1001 ");
  // The last tenth begins at 360 ms.
  EXPECT_GE(base::Clock::now() - began, std::chrono::milliseconds(360));
}

TEST(WorkerEndings, AnotherDrainReplacesThePlan) {
  RunningWorkers running;
  LineClient client = running.member("a");
  running.pool.drain({.over = std::chrono::hours(1), .ending = {EndReason::draining, 1001, "in a while"}});
  running.pool.drain({.over = std::chrono::milliseconds(0), .ending = {EndReason::draining, 1001, "now"}});
  EXPECT_EQ(client.line(), "bye draining 1001 now");
}

TEST(WorkerEndings, WhenAcceptingStopsWhatWasQueuedIsStillTaken) {
  RunningWorkers running;
  auto blocked = running.block();
  LineClient queued = running.client();
  queued.send("ping\n");
  running.pool.stop_accepting(Pool::Stop::for_good);
  blocked.reset();
  EXPECT_EQ(queued.line(), "pong");
  running.turn();
  EXPECT_FALSE(LineClient().connect(running.addresses[0]));
}

TEST(WorkerEndings, StoppingEndsWhatIsLeft) {
  RunningWorkers running(with_workers(2));
  LineClient member = running.member("a", 0), stranger = running.client(1);
  stranger.send("ping\n");
  EXPECT_EQ(stranger.line(), "pong");
  running.pool.stop();
  EXPECT_EQ(member.line(), "(closed)");
  EXPECT_EQ(stranger.line(), "(closed)");
  EXPECT_EQ(running.pool.connections(), 0u);
  EXPECT_EQ(running.pool.sequencer({}).size().rooms, 0u);
}

}  // namespace
}  // namespace sluice::workers
