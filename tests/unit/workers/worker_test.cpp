// Bytes from sockets to wires and back, over a worker that runs.
#include "workers/worker.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include "tests/unit/workers/running_workers.hpp"

namespace sluice::workers {
namespace {

TEST(Worker, AnswersWhatComesInOnePieceAndInMany) {
  RunningWorkers running;
  LineClient client = running.client();
  client.send("ping\nping\n");
  EXPECT_EQ(client.line(), "pong");
  EXPECT_EQ(client.line(), "pong");
  for (const char* part : {"p", "in", "g", "\nbytes", "\n"}) client.send(part);
  EXPECT_EQ(client.line(), "pong");
  EXPECT_EQ(client.line(), "21");
}

TEST(Worker, ReadsMoreThanOneBufferThatCameWithASingleEdge) {
  RunningWorkers running;
  LineClient client = running.client();
  const std::string line = std::string(1023, 'x') + "\n";
  std::string all;
  while (all.size() < (4u << 20)) all += line;
  auto blocked = running.block();
  const std::size_t sent = client.send_some(all);
  EXPECT_GT(sent, 262144u);
  blocked.reset();
  client.send(all.substr(sent) + "bytes\n");
  EXPECT_EQ(client.line(), std::to_string(all.size() + 6));
}

TEST(Worker, OneThatSendsWithoutEndDoesNotHoldUpTheOthers) {
  RunningWorkers running;
  LineClient loud = running.client(), quiet = running.client();
  std::atomic<bool> is_over = false;
  std::thread sender([&] {
    const std::string line = std::string(65535, 'x') + "\n";
    while (!is_over) loud.send(line);
  });
  for (int count = 0; count < 20; ++count) {
    quiet.send("ping\n");
    EXPECT_EQ(quiet.line(), "pong");
  }
  is_over = true;
  sender.join();
}

TEST(Worker, SeesTheEndOfTheStreamBehindData) {
  RunningWorkers running;
  for (const bool is_blocked : {true, false}) {
    LineClient client = running.client();
    client.send("ping\n");
    EXPECT_EQ(client.line(), "pong");
    std::shared_ptr<void> blocked = is_blocked ? running.block() : nullptr;
    client.send("ping\n");
    client.half_close();
    blocked.reset();
    EXPECT_EQ(client.rest(), "pong\nbye client_closed 1000 end of stream\n");
  }
  EXPECT_TRUE(running.has_connections(0));
  EXPECT_EQ(running.closed(EndReason::client_closed), 2u);
}

TEST(Worker, SeesTheEndOfTheStreamBehindMoreThanOneBuffer) {
  RunningWorkers running;
  LineClient client = running.client();
  auto blocked = running.block();
  const std::size_t sent = client.send_some(std::string(4 << 20, 'x'));
  client.half_close();
  blocked.reset();
  EXPECT_GT(sent, 262144u);
  EXPECT_EQ(client.rest(), "bye client_closed 1000 end of stream\n");
}

TEST(Worker, AClientThatConnectsAndLeavesAtOnceIsForgotten) {
  RunningWorkers running;
  for (int count = 0; count < 50; ++count) {
    LineClient client = running.client();
    if (count % 2 == 0) client.reset();
  }
  EXPECT_TRUE(running.has_connections(0));
}

TEST(Worker, AResetEndsTheConnection) {
  RunningWorkers running;
  LineClient client = running.member("a"), other = running.member("a");
  client.reset();
  EXPECT_TRUE(running.has_connections(1));
  EXPECT_EQ(running.closed(EndReason::client_vanished), 1u);
  running.say("a", "still here");
  EXPECT_EQ(other.line(), "a@1:still here");
}

TEST(Worker, CallsAtTheDeadlineAndNotBefore) {
  RunningWorkers running;
  LineClient client = running.client();
  const base::TimePoint began = base::Clock::now();
  client.send("arm 30\n");
  EXPECT_EQ(client.line(), "deadline");
  EXPECT_GE(base::Clock::now() - began, std::chrono::milliseconds(30));
}

TEST(Worker, TheNewWireGetsTheBytesBehindTheChange) {
  RunningWorkers running;
  LineClient client = running.client();
  client.send("ping\nbecome\nping\n");
  EXPECT_EQ(client.line(), "pong");
  EXPECT_EQ(client.line(), "SHOUT ping");
  const Metrics& metrics = running.pool.metrics(base::WorkerId{0});
  running.turn();
  EXPECT_EQ(metrics.connections[static_cast<std::size_t>(Protocol::http)].read(), 0u);
  EXPECT_EQ(metrics.connections[static_cast<std::size_t>(Protocol::websocket)].read(), 1u);
  EXPECT_EQ(metrics.accepted[static_cast<std::size_t>(Protocol::websocket)].read(), 1u);
}

TEST(Worker, AnExceptionInAHandlerEndsThatConnectionAlone) {
  RunningWorkers running;
  LineClient bad = running.member("a"), good = running.member("a");
  bad.send("throw\n");
  EXPECT_EQ(bad.line(), "(closed)");
  good.send("ping\n");
  EXPECT_EQ(good.line(), "pong");
  EXPECT_TRUE(running.has_connections(1));
  EXPECT_EQ(running.closed(EndReason::internal_error), 1u);
  EXPECT_EQ(running.pool.metrics(base::WorkerId{0}).handler_exceptions.read(), 1u);
}

TEST(Worker, AWireThatFailsToStartEndsThatConnectionAlone) {
  RunningWorkers running;
  running.edge.fails_to_start = true;
  EXPECT_EQ(running.client().line(), "(closed)");
  LineClient good = running.client();
  good.send("ping\n");
  EXPECT_EQ(good.line(), "pong");
}

TEST(Worker, AnExceptionInAJobEndsNothing) {
  RunningWorkers running;
  LineClient client = running.client();
  ASSERT_TRUE(running.pool.post(base::WorkerId{0}, [](Worker&) { throw std::runtime_error("asked to"); }));
  client.send("ping\n");
  EXPECT_EQ(client.line(), "pong");
  EXPECT_EQ(running.pool.metrics(base::WorkerId{0}).handler_exceptions.read(), 1u);
}

Options with_small_mailbox() {
  Options options = with_workers(1);
  options.mailbox_messages_max = 64;
  return options;
}

TEST(Worker, PausesReadsWhileMailboxesAreFullAndLosesNothing) {
  RunningWorkers running(with_small_mailbox());
  LineClient client = running.member("a");
  std::string lines;
  for (int count = 1; count <= 3000; ++count) lines += "say a " + std::to_string(count) + "\n";
  client.send(lines);
  for (int count = 1; count <= 3000; ++count) {
    ASSERT_EQ(client.line(), "a@" + std::to_string(count) + ":" + std::to_string(count));
  }
  EXPECT_GT(running.edge.pauses, 0);
  running.turn();
  EXPECT_EQ(running.pool.metrics(base::WorkerId{0}).reads_paused.read(), 0u);
}

TEST(Worker, TheEndOfTheStreamWaitsForWhatIsPaused) {
  RunningWorkers running(with_small_mailbox());
  LineClient client = running.client(), listener = running.member("a");
  std::string lines;
  for (int count = 1; count <= 500; ++count) lines += "say a " + std::to_string(count) + "\n";
  client.send(lines);
  client.half_close();
  EXPECT_EQ(client.rest(), "bye client_closed 1000 end of stream\n");
  for (int count = 1; count <= 500; ++count) {
    ASSERT_EQ(listener.line(), "a@" + std::to_string(count) + ":" + std::to_string(count));
  }
  EXPECT_GT(running.edge.pauses, 0);
}

TEST(Worker, AcceptingPausesAtTheLimitOnConnectionsAndResumes) {
  Options options = with_workers(1);
  options.connections_max = 2;
  RunningWorkers running(options);
  LineClient first = running.member("a"), second = running.member("a"), third = running.client();
  third.send("ping\n");
  const Metrics& metrics = running.pool.metrics(base::WorkerId{0});
  EXPECT_TRUE(RunningWorkers::eventually([&] { return metrics.accept_pauses.read() > 0; }));
  EXPECT_EQ(running.pool.connections(), 2u);
  first.close();
  EXPECT_EQ(third.line(), "pong");
}

// Lets the process have no more descriptors than it has now.
class NoMoreDescriptors {
 public:
  NoMoreDescriptors() {
    getrlimit(RLIMIT_NOFILE, &before_);
    const int lowest_free = dup(0);
    ::close(lowest_free);
    rlimit none = before_;
    none.rlim_cur = static_cast<rlim_t>(lowest_free);
    EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  }
  ~NoMoreDescriptors() { setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

TEST(Worker, AcceptingPausesWhenDescriptorsRunOutAndResumes) {
  RunningWorkers running;
  LineClient client;
  const Metrics& metrics = running.pool.metrics(base::WorkerId{0});
  {
    const NoMoreDescriptors none;
    ASSERT_TRUE(client.connect(running.addresses[0]));
    client.send("ping\n");
    EXPECT_TRUE(RunningWorkers::eventually([&] { return metrics.accept_pauses.read() > 0; }));
    EXPECT_EQ(running.pool.connections(), 0u);
  }
  EXPECT_EQ(client.line(), "pong");
}

}  // namespace
}  // namespace sluice::workers
