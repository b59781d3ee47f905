// Connections with a transport between wire and socket, over a worker that runs.
#include <gtest/gtest.h>

#include "tests/unit/workers/eager_transport.hpp"
#include "tests/unit/workers/running_workers.hpp"

namespace sluice::workers {
namespace {

// A client that turns each bit over, too.
class TurnedClient {
 public:
  explicit TurnedClient(const base::Address& address) : client_(address) {}
  void send(std::string text) {
    turn_over(text);
    client_.send(text);
  }
  std::string rest() {
    std::string all = client_.rest();
    turn_over(all);
    return all;
  }
  LineClient& plain() { return client_; }

 private:
  LineClient client_;
};

TEST(WorkerTransport, EveryByteGoesThroughIt) {
  RunningWorkers running(with_workers(1), LineEdge::with_transport);
  TurnedClient client(running.addresses[0]);
  client.send("join a\nping\nsay a hello\nend of it\n");
  EXPECT_EQ(client.rest(), "open 0 0\npong\nbye client_closed 1000 of it\n");
}

TEST(WorkerTransport, WhatWaitsInsideItIsSentOn) {
  RunningWorkers running(with_workers(1), LineEdge::with_transport);
  TurnedClient client(running.addresses[0]);
  client.send("join a\n");
  std::string expected = "open 0 0\n";
  EXPECT_TRUE(RunningWorkers::eventually([&] { return running.pool.sequencer({}).members(RoomKey::room("a")) == 1; }));
  for (int count = 1; count <= 9; ++count) {
    const std::string large(100'000, static_cast<char>('a' + count));
    running.say("a", large);
    expected += "a@" + std::to_string(count) + ":" + large + "\n";
  }
  running.turn();
  client.send("end .\n");
  EXPECT_TRUE(client.rest() == expected + "bye client_closed 1000 .\n");
}

TEST(WorkerTransport, TheEndOfTheStreamWaitsForWhatIsPaused) {
  Options options = with_workers(1);
  options.mailbox_messages_max = 64;
  RunningWorkers running(options, LineEdge::with_transport);
  TurnedClient client(running.addresses[0]);
  const std::vector<RoomKey> room = rooms_named({"a"});
  running.on(0, [&](Worker& worker) { return worker.sequencer({}).join(worker.id(), room).place; });
  std::string lines;
  for (int count = 1; count <= 500; ++count) lines += "say a " + std::to_string(count) + "\n";
  auto blocked = running.block();
  client.send(lines);
  client.plain().half_close();
  blocked.reset();
  EXPECT_EQ(client.rest(), "bye client_closed 1000 end of stream\n");
  EXPECT_EQ(running.pool.sequencer({}).position().offset, 500u);
  EXPECT_GT(running.edge.pauses, 0);
}

}  // namespace
}  // namespace sluice::workers
