#include "base/handed_sockets.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

namespace sluice::base {
namespace {

struct Bound {
  Descriptor socket;
  Address address;
};

Bound bound() {
  Descriptor descriptor(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const Address any = Address::parse("127.0.0.1:0").value();
  EXPECT_EQ(bind(descriptor.number(), any.socket_address(), any.socket_address_bytes()), 0);
  sockaddr_storage storage{};
  socklen_t bytes = sizeof storage;
  EXPECT_EQ(getsockname(descriptor.number(), reinterpret_cast<sockaddr*>(&storage), &bytes), 0);
  return {std::move(descriptor), Address::from(storage)};
}
bool is_open(int number) { return fcntl(number, F_GETFD) >= 0; }

TEST(HandedSockets, AreTakenOnceByWhatTheyAreForAndTheirAddress) {
  HandedSockets sockets;
  Bound one = bound(), other = bound();
  const int copy = dup(one.socket.number());
  sockets.add("clients", std::move(one.socket));
  sockets.add("clients", Descriptor(copy));
  sockets.add("tcp", std::move(other.socket));
  EXPECT_EQ(sockets.size(), 3u);
  EXPECT_TRUE(sockets.take("tcp", one.address).empty());
  EXPECT_TRUE(sockets.take("clients", other.address).empty());
  const auto taken = sockets.take("clients", one.address);
  ASSERT_EQ(taken.size(), 2u);
  EXPECT_EQ(taken.back().number(), copy);
  EXPECT_TRUE(sockets.take("clients", one.address).empty());
  EXPECT_EQ(sockets.size(), 1u);
}

TEST(HandedSockets, ThoseThatNobodyTakesAreClosed) {
  int number = -1;
  {
    HandedSockets sockets;
    Bound one = bound();
    number = one.socket.number();
    sockets.add("clients", std::move(one.socket));
    EXPECT_TRUE(is_open(number));
  }
  EXPECT_FALSE(is_open(number));
}

TEST(HandedSockets, WhatIsNoSocketIsClosedAtOnce) {
  HandedSockets sockets;
  sockets.add("clients", Descriptor(open("/dev/null", O_RDONLY | O_CLOEXEC)));
  EXPECT_EQ(sockets.size(), 0u);
}

}  // namespace
}  // namespace sluice::base
