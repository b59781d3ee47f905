// Datagrams over a client port that runs, on two workers.
#include "gateway/udp_port.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <stdexcept>

#include "tests/unit/gateway/running_gateway.hpp"

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

class UdpClient {
 public:
  explicit UdpClient(const RunningGateway& gateway) : socket_(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    const timeval limit{patience.count(), 0};
    setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    const auto& address = gateway.address;
    EXPECT_EQ(connect(socket_.get(), address.socket_address(), address.socket_address_bytes()), 0);
  }
  void send(const std::string& text) const {
    EXPECT_EQ(::send(socket_.get(), text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
  }
  std::string receive() const {
    char bytes[2000];
    const ssize_t size = recv(socket_.get(), bytes, sizeof bytes, 0);
    return size < 0 ? std::string() : std::string(bytes, static_cast<std::size_t>(size));
  }
  // Subscribes; gives the answer.
  std::string subscribe(const std::string& room) const {
    send(R"({"subscribe":{"room":")" + room + "\"}}  ");
    const std::string challenge = receive();
    send(R"({"subscribe":{"room":")" + room + R"(","proof":")" + challenge.substr(14, 8) + "\"}}");
    return receive();
  }

 private:
  Descriptor socket_;
};

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
  gateway->pool->stop_accepting();
  gateway->pool->drain(std::chrono::milliseconds(0), {workers::EndReason::draining, 1001, "going away"});
  EXPECT_TRUE(member.receive().starts_with(R"({"notice":"end","code":1001)"));
  EXPECT_TRUE(wait_until([&] { return gateway->pool->connections() == 0; }));
}

}  // namespace
}  // namespace sluice::gateway
