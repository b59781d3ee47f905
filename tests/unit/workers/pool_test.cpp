#include "workers/pool.hpp"

#include <gtest/gtest.h>

#include <atomic>

#include "tests/unit/workers/running_workers.hpp"

namespace sluice::workers {
namespace {

TEST(Pool, AMessageReachesMembersOnEveryWorker) {
  RunningWorkers running(with_workers(3));
  std::vector<LineClient> clients;
  for (std::size_t worker = 0; worker < 3; ++worker) clients.push_back(running.member("a", worker));
  const auto receipt = running.publish(message_to("a", "hello"));
  ASSERT_TRUE(receipt);
  EXPECT_EQ(receipt->matched, 3u);
  EXPECT_EQ(receipt->position, (base::Position{RunningWorkers::epoch, 1}));
  for (LineClient& client : clients) EXPECT_EQ(client.line(), "a@1:hello");
}

TEST(Pool, AClientsMessageReachesMembersOnEveryWorkerItselfIncluded) {
  RunningWorkers running(with_workers(2));
  LineClient one = running.member("a", 0), two = running.member("a", 1);
  one.send("say a hello\n");
  EXPECT_EQ(one.line(), "a@1:hello");
  EXPECT_EQ(two.line(), "a@1:hello");
}

TEST(Pool, ReachesSingleConnectionsUsersAndEveryone) {
  RunningWorkers running(with_workers(2));
  LineClient one = running.member("a user:u", 0), two = running.member("a", 1);
  const auto page = running.on(1, [](Worker& worker) { return list_connections(worker, {}, 0, 10); });
  ASSERT_EQ(page.connections.size(), 1u);
  auto message = message_to(std::vector<std::string>{}, "to one");
  base::ConnectionId stale = page.connections[0].id;
  ++stale.generation;
  message->target.connections = {page.connections[0].id, stale};
  ASSERT_TRUE(running.publish(message));
  EXPECT_EQ(two.line(), "@1:to one");
  for (const RoomKey& key : {RoomKey::user("u"), RoomKey::everyone()}) {
    auto implicit = message_to("", key.name.empty() ? "all" : "user");
    implicit->target.rooms = {key};
    ASSERT_TRUE(running.publish(implicit));
  }
  EXPECT_EQ(one.line(), "@2:user");
  EXPECT_EQ(one.line(), "@3:all");
  EXPECT_EQ(two.line(), "@3:all");
}

TEST(Pool, RefusesATargetThatNamesNobody) {
  RunningWorkers running;
  const auto receipt = running.publish(std::make_shared<Message>());
  ASSERT_FALSE(receipt);
  EXPECT_EQ(receipt.error().code, base::Errc::bad_request);
}

TEST(Pool, KnowsItsNamespaces) {
  Options options = with_workers(1);
  options.namespaces = {"/admin", "/", "/admin"};
  LineEdge edge;
  Pool pool(options, 1, 2, edge);
  EXPECT_EQ(pool.namespaces().size(), 2u);
  EXPECT_EQ(pool.namespaces().resolve("/").value(), base::NamespaceId{0});
  EXPECT_EQ(pool.namespaces().resolve("/admin").value(), base::NamespaceId{1});
  EXPECT_FALSE(pool.namespaces().resolve("admin"));
}

TEST(Pool, NamespacesHaveOrdersOfTheirOwn) {
  Options options = with_workers(1);
  options.namespaces = {"/admin"};
  RunningWorkers running(options);
  LineClient client = running.member("a");
  auto message = message_to("a", "elsewhere");
  message->target.name_space = base::NamespaceId{1};
  EXPECT_EQ(running.publish(message)->matched, 0u);
  EXPECT_EQ(running.publish(message_to("a", "here"))->position.offset, 1u);
  EXPECT_EQ(client.line(), "a@1:here");
}

TEST(Pool, ANamespaceThatCameByItsPatternHasAnOrderOfItsOwn) {
  Options options = with_workers(2);
  options.namespace_patterns = {"/tenant-*"};
  RunningWorkers running(options);
  auto message = message_to("a", "elsewhere");
  message->target.name_space = running.pool.namespaces().resolve("/tenant-7").value();
  EXPECT_EQ(message->target.name_space, base::NamespaceId{1});
  EXPECT_EQ(running.publish(message)->position.offset, 1u);
  EXPECT_EQ(running.publish(message_to("a", "here"))->position.offset, 1u);
}

TEST(Pool, HasAWorkerAtLeast) {
  LineEdge edge;
  Pool pool(with_workers(0), 1, 2, edge);
  EXPECT_GE(pool.worker_count(), 1u);
}

TEST(Pool, JobsRunOnTheirWorkerBehindTheMailThatIsThere) {
  RunningWorkers running(with_workers(2));
  LineClient client = running.member("a", 1);
  auto blocked = running.block(1);
  running.say("a", "before");
  std::promise<std::pair<std::uint16_t, std::uint64_t>> seen;
  ASSERT_TRUE(running.pool.post(base::WorkerId{1}, [&seen](Worker& worker) {
    seen.set_value({worker.id().value, worker.metrics().deliveries.read()});
  }));
  blocked.reset();
  EXPECT_EQ(seen.get_future().get(), (std::pair<std::uint16_t, std::uint64_t>{1, 1}));
}

TEST(Pool, RefusesJobsAndMessagesWhileAMailboxIsFull) {
  Options options = with_workers(1);
  options.mailbox_messages_max = 64;
  RunningWorkers running(options);
  LineClient client = running.member("a");
  auto blocked = running.block();
  int taken = 0;
  while (taken < 1000 && running.publish(message_to("a", "x"))) ++taken;
  EXPECT_LE(taken, 64);
  EXPECT_GE(taken, 63);
  EXPECT_EQ(running.publish(message_to("a", "x")).error().code, base::Errc::exhausted);
  EXPECT_FALSE(running.pool.post(base::WorkerId{0}, [](Worker&) {}));
  blocked.reset();
  for (int count = 1; count <= taken; ++count) EXPECT_EQ(client.line(), "a@" + std::to_string(count) + ":x");
  EXPECT_TRUE(RunningWorkers::eventually([&] { return running.pool.mailbox_depth(base::WorkerId{0}) == 0; }));
  running.say("a", "y");
  EXPECT_EQ(client.line(), "a@" + std::to_string(taken + 1) + ":y");
}

// More than one turn's mail is waiting, and more comes in the first of those turns. Were its wake-up lost, it would lie
// there until the worker next turns of itself, which it does once a second.
TEST(Pool, MailThatComesToAWorkerThatIsBehindIsSeenAtOnce) {
  RunningWorkers running;
  constexpr base::WorkerId worker{0};
  int prompt = 0;
  for (int round = 0; round < 20; ++round) {
    auto blocked = running.block();
    std::promise<base::TimePoint> extra;
    ASSERT_TRUE(running.pool.post(worker, [&](Worker&) {
      EXPECT_TRUE(running.pool.post(worker, [&extra](Worker&) { extra.set_value(base::Clock::now()); }));
    }));
    for (int count = 0; count < 2000; ++count) ASSERT_TRUE(running.pool.post(worker, [](Worker&) {}));
    const auto began = base::Clock::now();
    blocked.reset();
    if (extra.get_future().get() - began < std::chrono::milliseconds(200)) ++prompt;
  }
  EXPECT_GE(prompt, 15);
}

TEST(Pool, IsCrowdedWhileAQuarterOfAMailboxWaits) {
  Options options = with_workers(2);
  options.mailbox_messages_max = 64;
  RunningWorkers running(options);
  LineClient client = running.member("a", 1);
  auto blocked = running.block(1);
  // What blocks the worker is still in its mailbox, too.
  for (int count = 0; count < 14; ++count) EXPECT_TRUE(running.publish(message_to("a", "x")));
  EXPECT_FALSE(running.pool.is_crowded());
  EXPECT_TRUE(running.publish(message_to("a", "x")));
  EXPECT_TRUE(running.pool.is_crowded());
  blocked.reset();
  EXPECT_TRUE(RunningWorkers::eventually([&] { return !running.pool.is_crowded(); }));
}

TEST(Pool, IdleWorkersTurnAtLeastOnceASecond) {
  RunningWorkers running(with_workers(2));
  const std::uint64_t before = running.pool.metrics(base::WorkerId{1}).turns.read();
  EXPECT_TRUE(
      RunningWorkers::eventually([&] { return running.pool.metrics(base::WorkerId{1}).turns.read() > before; }));
  EXPECT_LT(running.pool.slowest_turn_age(), std::chrono::seconds(10));
}

TEST(Pool, RefusesEverythingOnceItHasStopped) {
  RunningWorkers running;
  running.pool.stop();
  running.pool.stop();
  EXPECT_FALSE(running.pool.post(base::WorkerId{0}, [](Worker&) {}));
  EXPECT_EQ(running.publish(message_to("a", "x"))->matched, 0u);
}

void ask_until(RunningWorkers& running, const std::atomic<bool>& is_over) {
  while (!is_over) {
    (void)running.publish(message_to("a", "x"));
    (void)running.pool.post(base::WorkerId{1}, [](Worker& worker) { worker.rooms().size(); });
  }
}

TEST(Pool, MayStopWhileOthersPublishAndPost) {
  for (int round = 0; round < 5; ++round) {
    RunningWorkers running(with_workers(2));
    LineClient client = running.member("a", 0);
    std::atomic<bool> is_over = false;
    std::thread one([&] { ask_until(running, is_over); }), other([&] { ask_until(running, is_over); });
    for (int count = 0; count < 20; ++count) EXPECT_EQ(client.line(), "a@" + std::to_string(count + 1) + ":x");
    running.pool.stop();
    is_over = true;
    one.join();
    other.join();
    EXPECT_EQ(running.pool.connections(), 0u);
  }
}

}  // namespace
}  // namespace sluice::workers
