#include "gateway/engine_session.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "tests/unit/gateway/engine_requests.hpp"

namespace sluice::gateway {
namespace {

void several_workers(RunningGateway& gateway) { gateway.worker_options.workers = 3; }

// Runs `body(number)` on as many threads as there are numbers.
template <class Body>
void at_once(int count, Body&& body) {
  std::vector<std::thread> threads;
  for (int number = 0; number < count; ++number) threads.emplace_back([&body, number] { body(number); });
  for (std::thread& thread : threads) thread.join();
}

TEST(EngineSession, RequestsFindTheirSessionWhateverWorkerReadsThem) {
  RunningGateway gateway(several_workers);
  at_once(4, [&gateway](int number) {
    for (int round = 0; round < 5; ++round) {
      const std::string target = open_session(gateway, "/engine.io/");
      const std::string text = "4" + std::to_string(number) + "." + std::to_string(round);
      EXPECT_EQ(ask(gateway, "POST", target + "polling", text), "ok");
      EXPECT_EQ(ask(gateway, "GET", target + "polling"), text);
    }
  });
}

TEST(EngineSession, AWebSocketGoesToItsSessionAndTakesItOver) {
  RunningGateway gateway(several_workers);
  at_once(4, [&gateway](int) {
    for (int round = 0; round < 5; ++round) {
      const std::string target = open_session(gateway, "/engine.io/");
      EXPECT_EQ(ask(gateway, "POST", target + "polling", "4waits"), "ok");
      TestClient client(gateway);
      client.send(TestClient::upgrade(target + "websocket") + text_frame("2probe") + text_frame("5") +
                  text_frame("4behind"));
      EXPECT_EQ(client.read_head(), "HTTP/1.1 101 Switching Protocols");
      EXPECT_EQ(client.read_frame(),
                "\x81"
                "3probe");
      EXPECT_EQ(client.read_frame(),
                "\x81"
                "4waits");
      EXPECT_EQ(client.read_frame(),
                "\x81"
                "4behind");
    }
  });
}

TEST(EngineSession, ASocketComesBackToAnyWorkerAgainAndAgain) {
  RunningGateway gateway(several_workers);
  at_once(4, [&gateway](int number) {
    const std::string room = std::to_string(number);
    std::string sid, pid;
    for (int round = 0; round < 8; ++round) {
      TestClient client(gateway);
      client.open("/socket.io/?EIO=4&transport=websocket&room=" + room);
      client.read_frame();
      client.send(text_frame(pid.empty() ? "40" : "40{\"pid\":\"" + pid + "\"}"));
      const std::string connected = client.read_frame();
      if (round > 0) {
        EXPECT_EQ(part_of(connected, "\"sid\":\""), sid) << connected;
      }
      sid = part_of(connected, "\"sid\":\"");
      pid = part_of(connected, "\"pid\":\"");
      // Every other time it comes back before it is known that it went.
      if (round % 2 == 0) client.send(close_frame("\x03\xe8"));
      if (round % 2 == 0) client.read_all();
    }
  });
}

TEST(EngineSession, ClientsThatVanishLeaveNothing) {
  RunningGateway gateway(several_workers);
  at_once(4, [&gateway](int) {
    for (int round = 0; round < 5; ++round) {
      const std::string target = open_session(gateway, "/socket.io/");
      EXPECT_EQ(ask(gateway, "POST", target + "polling", "40"), "ok");
      TestClient client(gateway);
      client.send("GET " + target + "polling HTTP/1.1\r\nHost: localhost\r\n\r\n");
      client.read_head();
      client.send("GET " + target + "polling HTTP/1.1\r\nHost: localhost\r\n\r\n");
    }
  });
  EXPECT_TRUE(wait_until([&] { return gateway.pool->connections() == 0; }));
}

}  // namespace
}  // namespace sluice::gateway
