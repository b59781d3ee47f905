// Datagrams over a client port that runs, on two workers.
#include "gateway/udp_port.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <stdexcept>

#include "tests/unit/gateway/running_gateway.hpp"
#include "tests/unit/gateway/udp_client.hpp"

namespace sluice::gateway {
namespace {

// The port's number is free for TCP; should somebody have it for UDP, another one is tried.
std::unique_ptr<RunningGateway> run(const std::function<void(RunningGateway&)>& change = [](RunningGateway&) {}) {
  for (int attempt = 0;; ++attempt) {
    try {
      return std::make_unique<RunningGateway>([&change](RunningGateway& gateway) {
        gateway.options.client_messages = ClientMessages::relay;
        gateway.worker_options.workers = 2;
        gateway.has_udp = true;
        change(gateway);
      });
    } catch (const std::runtime_error&) {
      if (attempt == 5) throw;
    }
  }
}

TEST(UdpPort, MembersOfAllWorkersHearEachOther) {
  const auto gateway = run();
  std::vector<std::unique_ptr<UdpClient>> members;
  for (int count = 0; count < 16; ++count) {
    members.push_back(std::make_unique<UdpClient>(*gateway));
    EXPECT_TRUE(members.back()->subscribe("a").starts_with(R"({"subscribed":{"rooms":["a"])"));
  }
  for (std::size_t at = 0; at < members.size(); ++at) {
    members[at]->send(R"({"publish":{"data":")" + std::to_string(at) + "\"}}");
    for (const auto& member : members) {
      EXPECT_TRUE(member->receive().starts_with(R"({"event":"message","data":")" + std::to_string(at) + '"'));
    }
  }
}

TEST(UdpPort, MembersThatGoWhileMuchIsSaidHarmNobody) {
  const auto gateway = run();
  const UdpClient stays(*gateway);
  stays.subscribe("a");
  for (int round = 0; round < 20; ++round) {
    {
      const UdpClient goes(*gateway);
      goes.subscribe("a");
    }
    stays.send(R"({"publish":{"data":1}})");
    EXPECT_FALSE(stays.receive().empty());
  }
  EXPECT_TRUE(wait_until([&] {
    stays.send(R"({"publish":{"data":2}})");
    stays.receive();
    return gateway->pool->connections() == 1;
  }));
}

TEST(UdpPort, AStopEndsAllOfThem) {
  const auto gateway = run();
  const UdpClient member(*gateway);
  member.subscribe("a");
  gateway->pool->stop_accepting(workers::Pool::Stop::for_good);
  gateway->pool->drain(
      {.over = std::chrono::milliseconds(0), .ending = {workers::EndReason::draining, 1001, "going away"}});
  EXPECT_TRUE(member.receive().starts_with(R"({"notice":"end","code":1001)"));
  EXPECT_TRUE(wait_until([&] { return gateway->pool->connections() == 0; }));
}

}  // namespace
}  // namespace sluice::gateway
