#pragma once
// A blocking client that speaks datagrams.

#include <gtest/gtest.h>

#include <string>

#include "tests/unit/gateway/running_gateway.hpp"

namespace sluice::gateway {

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
    ask_to_subscribe(room);
    return receive();
  }
  // The same, up to the answer.
  void ask_to_subscribe(const std::string& room) const {
    send(R"({"subscribe":{"room":")" + room + "\"}}  ");
    const std::string challenge = receive();
    send(R"({"subscribe":{"room":")" + room + R"(","proof":")" + challenge.substr(14, 8) + "\"}}");
  }

 private:
  Descriptor socket_;
};

}  // namespace sluice::gateway
