#include "base/network.hpp"

#include <gtest/gtest.h>

namespace sluice::base {
namespace {

bool holds(const std::string& network, const std::string& address) {
  return Network::parse(network).value().contains(Address::parse(address).value());
}

TEST(Network, HoldsTheAddressesOfItsBlock) {
  EXPECT_TRUE(holds("10.0.0.0/8", "10.255.1.2:80"));
  EXPECT_FALSE(holds("10.0.0.0/8", "11.0.0.1:80"));
  EXPECT_TRUE(holds("192.168.1.7", "192.168.1.7:1"));
  EXPECT_FALSE(holds("192.168.1.7", "192.168.1.8:1"));
  EXPECT_TRUE(holds("192.168.1.0/25", "192.168.1.127:1"));
  EXPECT_FALSE(holds("192.168.1.0/25", "192.168.1.128:1"));
  EXPECT_TRUE(holds("0.0.0.0/0", "1.2.3.4:1"));
  EXPECT_TRUE(holds("fd00::/8", "[fd12::1]:1"));
  EXPECT_FALSE(holds("fd00::/8", "[fe80::1]:1"));
  EXPECT_TRUE(holds("::/0", "1.2.3.4:1"));
}

TEST(Network, IPv4InsideIPv6IsIPv4) {
  EXPECT_TRUE(holds("127.0.0.0/8", "[::ffff:127.0.0.1]:80"));
  EXPECT_FALSE(holds("0.0.0.0/0", "[2001:db8::1]:80"));
}

TEST(Network, OtherTextIsNone) {
  for (const char* text : {"", "10", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8x", "fd00::/129", "a.b.c.d"})
    EXPECT_FALSE(Network::parse(text)) << text;
}

}  // namespace
}  // namespace sluice::base
