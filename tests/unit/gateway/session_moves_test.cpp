#include "gateway/session_moves.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>

#include "tests/unit/gateway/running_nodes.hpp"
#include "tests/unit/gateway/socket_io_client.hpp"
#include "workers/commands.hpp"

namespace sluice::gateway {
namespace {

using workers::ConnectionInfo;
using workers::RoomKey;
using workers::Worker;

// Runs `job` on each worker, one after the other.
template <class Job>
void on_workers(const RunningGateway& gateway, Job&& job) {
  for (std::uint16_t worker = 0; worker < 2; ++worker) {
    std::promise<void> done;
    EXPECT_TRUE(gateway.pool->post(base::WorkerId{worker}, [&](Worker& there) {
      job(there);
      done.set_value();
    }));
    done.get_future().wait();
  }
}

std::vector<ConnectionInfo> members(const RunningGateway& gateway) {
  std::vector<ConnectionInfo> all;
  on_workers(gateway, [&](Worker& worker) {
    for (ConnectionInfo& one : workers::list_connections(worker, {}, 0, 100).connections) all.push_back(std::move(one));
  });
  return all;
}

// A Socket.IO client that polls at `gateway`, in one namespace.
struct PollingClient {
  explicit PollingClient(const RunningGateway& gateway, const std::string& query = "")
      : target(open_session(gateway, "/socket.io/") + "polling" + query) {
    EXPECT_EQ(ask(gateway, "POST", target, "40"), "ok");
    const std::string connected = ask(gateway, "GET", target);
    sid = part_of(connected, "\"sid\":\"");
    pid = part_of(connected, "\"pid\":\"");
    upgrade_target = target.substr(0, target.size() - query.size() - 7) + "websocket" + query;
  }
  std::string target, upgrade_target, sid, pid;
};

std::string text_of(const char* text) { return "\x81" + std::string(text); }

TEST(SessionMoves, AWebSocketAtAnotherNodeTakesTheSessionOver) {
  RunningNodes nodes;
  for (int round = 0; round < 10; ++round) {
    const std::string target = open_session(nodes.here, "/engine.io/");
    EXPECT_EQ(ask(nodes.there, "POST", target + "polling",
                  "4waits\x1e"
                  "bAQI="),
              "ok");
    TestClient client(nodes.there);
    client.send(TestClient::upgrade(target + "websocket") + text_frame("2probe") + text_frame("5") +
                text_frame("4behind"));
    EXPECT_EQ(client.read_head(), "HTTP/1.1 101 Switching Protocols");
    EXPECT_EQ(client.read_frame(), text_of("3probe"));
    EXPECT_EQ(client.read_frame(), text_of("4waits"));
    EXPECT_EQ(client.read_frame(), "\x82\x01\x02");
    EXPECT_EQ(client.read_frame(), text_of("4behind"));
    EXPECT_TRUE(wait_until([&] { return nodes.here.pool->connections() == 0; }));
    EXPECT_EQ(ask(nodes.here, "GET", target + "polling"), "{\"code\":1,\"message\":\"Session ID unknown\"}");
  }
  EXPECT_TRUE(wait_until([&] { return nodes.there.pool->connections() == 0; }));
}

TEST(SessionMoves, APollThatWaitsIsAnsweredWhenTheProbeHasCome) {
  RunningNodes nodes;
  const std::string target = open_session(nodes.here, "/engine.io/");
  TestClient poll(nodes.there);
  poll.send(request_of("GET", target + "polling"));
  EXPECT_TRUE(wait_until([&] { return nodes.network.waiting() == 1; }));
  TestClient client(nodes.there);
  client.open(target + "websocket");
  client.send(text_frame("2probe"));
  EXPECT_EQ(client.read_frame(), text_of("3probe"));
  EXPECT_EQ(body_of(poll.read_all()), "6");
  // As often as it asks.
  EXPECT_EQ(ask(nodes.here, "GET", target + "polling"), "6");
  client.send(text_frame("5") + text_frame("4x"));
  EXPECT_EQ(client.read_frame(), text_of("4x"));
}

TEST(SessionMoves, AWebSocketThatGivesUpLeavesTheSessionWhereItIs) {
  RunningNodes nodes;
  const std::string target = open_session(nodes.here, "/engine.io/");
  for (int round = 0; round < 3; ++round) {
    std::unique_ptr<TestClient> client;
    // Once it is known that the one before has given up.
    EXPECT_TRUE(wait_until([&] {
      client = std::make_unique<TestClient>(nodes.there);
      client->open(target + "websocket");
      client->send(text_frame("2probe"));
      return client->read_frame() == text_of("3probe");
    }));
    client->send(text_frame("4no upgrade"));
    while (!client->read_frame().empty()) continue;
    EXPECT_EQ(ask(nodes.there, "POST", target + "polling", "4still"), "ok");
    EXPECT_TRUE(wait_until([&] {
      const std::string polled = ask(nodes.here, "GET", target + "polling");
      return polled == "4still";
    }));
  }
}

TEST(SessionMoves, ASecondWebSocketIsRefused) {
  RunningNodes nodes;
  const std::string target = open_session(nodes.here, "/engine.io/");
  TestClient first(nodes.there), second(nodes.there), third(nodes.here);
  first.open(target + "websocket");
  first.send(text_frame("2probe"));
  EXPECT_EQ(first.read_frame(), text_of("3probe"));
  for (TestClient* const other : {&second, &third}) {
    other->open(target + "websocket");
    EXPECT_TRUE(other->read_frame().starts_with('\x88'));
  }
  first.send(text_frame("5") + text_frame("4x"));
  EXPECT_EQ(first.read_frame(), text_of("4x"));
}

TEST(SessionMoves, ASocketIoSessionGoesOnAsIfNothingHadHappened) {
  RunningNodes nodes;
  const PollingClient polling(nodes.here);
  TestClient client(nodes.there);
  client.open(polling.upgrade_target);
  client.send(text_frame("2probe") + text_frame("5") + text_frame("421[\"hi\"]"));
  EXPECT_EQ(client.read_frame(), text_of("3probe"));
  EXPECT_TRUE(client.read_frame().starts_with(text_of("42[\"hi\"")));
  EXPECT_EQ(client.read_frame(), text_of("431[1]"));
  const auto now = members(nodes.there);
  ASSERT_EQ(now.size(), 1U);
  EXPECT_EQ(now[0].session, polling.sid);
  EXPECT_TRUE(std::ranges::find(now[0].rooms, "lobby") != now[0].rooms.end());
  EXPECT_TRUE(members(nodes.here).empty());
  // And to another namespace.
  client.send(text_frame("41") + text_frame("40"));
  EXPECT_TRUE(client.read_frame().starts_with(text_of("40{\"sid\"")));
}

TEST(SessionMoves, AnEventMayBeginBeforeAndEndBehindIt) {
  RunningNodes nodes;
  const PollingClient polling(nodes.here);
  EXPECT_EQ(ask(nodes.here, "POST", polling.target,
                "452-[\"bytes\",{\"_placeholder\":true,\"num\":0},{\"_placeholder\":true,\"num\":1}]\x1e"
                "bAQI="),
            "ok");
  TestClient client(nodes.there);
  client.open(polling.upgrade_target);
  client.send(text_frame("2probe") + text_frame("5") + client_frame(0x82, "\x03"));
  EXPECT_EQ(client.read_frame(), text_of("3probe"));
  EXPECT_TRUE(client.read_frame().starts_with(text_of("452-[\"bytes\"")));
  EXPECT_EQ(client.read_frame(), "\x82\x01\x02");
  EXPECT_EQ(client.read_frame(), "\x82\x03");
}

TEST(SessionMoves, OneThatHasMovedComesBackToAnyNode) {
  RunningNodes nodes;
  const PollingClient polling(nodes.here);
  {
    TestClient client(nodes.there);
    client.open(polling.upgrade_target);
    client.send(text_frame("2probe") + text_frame("5"));
    EXPECT_EQ(client.read_frame(), text_of("3probe"));
    EXPECT_TRUE(wait_until([&] { return members(nodes.there).size() == 1; }));
  }
  const SocketIoClient again(nodes.here, polling.pid), third(nodes.there, polling.pid);
  EXPECT_EQ(again.sid, polling.sid);
  EXPECT_EQ(third.sid, polling.sid);
}

TEST(SessionMoves, OneThatHasMovedOutlivesTheNodeThatItCameFromAndTheOneThatItIsAt) {
  RunningNodes nodes;
  const PollingClient polling(nodes.here);
  TestClient client(nodes.there);
  client.open(polling.upgrade_target);
  client.send(text_frame("2probe") + text_frame("5"));
  EXPECT_EQ(client.read_frame(), text_of("3probe"));
  EXPECT_TRUE(wait_until([&] {
    nodes.there.pass_second();
    return nodes.store.size() == 1;
  }));
  nodes.network.lose(RunningNodes::there_incarnation);
  EXPECT_EQ(SocketIoClient(nodes.here, polling.pid).sid, polling.sid);
}

TEST(SessionMoves, WithoutTheNodeOfTheSessionThereIsNoneToHave) {
  RunningNodes nodes;
  const std::string target = open_session(nodes.here, "/engine.io/");
  nodes.network.lose(RunningNodes::here_incarnation);
  TestClient client(nodes.there);
  EXPECT_EQ(client.open(target + "websocket"), "HTTP/1.1 400 Bad Request");
}

TEST(SessionMoves, ANodeThatIsLostWhileTheSessionIsAskedForCostsItsClientTheWebSocket) {
  RunningNodes nodes;
  const PollingClient polling(nodes.here);
  TestClient client(nodes.there);
  client.open(polling.upgrade_target);
  client.send(text_frame("2probe"));
  EXPECT_EQ(client.read_frame(), text_of("3probe"));
  const auto hidden = nodes.network.hide(RunningNodes::here_incarnation);
  client.send(text_frame("5"));
  EXPECT_TRUE(client.read_frame().starts_with('\x88'));
}

TEST(SessionMoves, WhatABackendAnswersToWhereItWasReachesIt) {
  RunningNodes nodes;
  const PollingClient polling(nodes.here);
  const base::ConnectionId before = members(nodes.here).at(0).id;
  TestClient client(nodes.there);
  client.open(polling.upgrade_target);
  client.send(text_frame("2probe") + text_frame("5"));
  EXPECT_EQ(client.read_frame(), text_of("3probe"));
  EXPECT_TRUE(wait_until([&] { return members(nodes.there).size() == 1; }));
  auto answer = std::make_shared<workers::Message>();
  answer->kind = workers::DataKind::arguments;
  answer->data = "[\"done\"]";
  EXPECT_TRUE(nodes.here.pool->answer(before, 5, answer));
  EXPECT_EQ(client.read_frame(), text_of("435[\"done\"]"));
}

TEST(SessionMoves, WhatItsClientWasAskedBeforeIsAnsweredBehind) {
  RunningNodes nodes;
  const PollingClient polling(nodes.here);
  const base::ConnectionId before = members(nodes.here).at(0).id;
  std::promise<workers::Acknowledgement> answered;
  const auto take = std::make_shared<const workers::OnAcknowledged>(
      [&](workers::Acknowledgement answer) { answered.set_value(std::move(answer)); });
  workers::Message question;
  question.target.rooms.push_back(RoomKey::room(polling.sid));
  question.event = "question";
  question.data = "[]";
  question.kind = workers::DataKind::arguments;
  on_workers(nodes.here, [&](Worker& worker) { workers::ask(worker, question, take); });
  TestClient client(nodes.there);
  client.open(polling.upgrade_target);
  client.send(text_frame("2probe") + text_frame("5"));
  EXPECT_EQ(client.read_frame(), text_of("3probe"));
  EXPECT_EQ(client.read_frame(), text_of("420[\"question\"]"));
  client.send(text_frame("430[\"answer\"]"));
  auto future = answered.get_future();
  ASSERT_EQ(future.wait_for(patience), std::future_status::ready);
  const auto answer = future.get();
  EXPECT_EQ(answer.connection, before);
  EXPECT_EQ(answer.arguments, "[\"answer\"]");
  EXPECT_EQ(answer.session, polling.sid);
}

TEST(SessionMoves, CredentialsGoAlong) {
  RunningNodes nodes;
  const PollingClient polling(nodes.here);
  auto credentials = std::make_shared<workers::Credentials>();
  credentials->subject = "me";
  credentials->labels = {{"plan", "gold"}};
  on_workers(nodes.here, [&](Worker& worker) {
    for (const ConnectionInfo& one : workers::list_connections(worker, {}, 0, 100).connections) {
      worker.renew(*worker.find(one.id), credentials);
    }
  });
  TestClient client(nodes.there);
  client.open(polling.upgrade_target);
  client.send(text_frame("2probe") + text_frame("5"));
  EXPECT_EQ(client.read_frame(), text_of("3probe"));
  EXPECT_TRUE(wait_until([&] { return members(nodes.there).size() == 1; }));
  EXPECT_EQ(members(nodes.there).at(0).labels, credentials->labels);
}

}  // namespace
}  // namespace sluice::gateway
