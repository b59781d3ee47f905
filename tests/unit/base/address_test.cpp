#include "base/address.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <cstring>

namespace sluice::base {
namespace {

Address parsed(std::string_view text) {
  const auto address = Address::parse(text);
  EXPECT_TRUE(address) << text;
  return address ? *address : Address();
}

Address from_ipv6(const char* host, std::uint16_t port) {
  sockaddr_in6 ipv6{};
  ipv6.sin6_family = AF_INET6;
  ipv6.sin6_port = htons(port);
  EXPECT_EQ(inet_pton(AF_INET6, host, &ipv6.sin6_addr), 1);
  sockaddr_storage storage{};
  std::memcpy(&storage, &ipv6, sizeof ipv6);
  return Address::from(storage);
}

TEST(Address, ParsesWhatItShows) {
  for (const char* text : {"127.0.0.1:8080", "0.0.0.0:0", "[::]:8080", "[::1]:1", "[2001:db8::1]:65535"}) {
    EXPECT_EQ(parsed(text).text(), text);
  }
}

TEST(Address, TakesLocalhostAsIPv4Loopback) { EXPECT_EQ(parsed("localhost:80").text(), "127.0.0.1:80"); }

TEST(Address, RefusesWhatIsNoAddressAndSaysWhatIs) {
  for (const char* text : {"",
                           ":",
                           ":80",
                           "80",
                           "1.2.3.4",
                           "1.2.3.4:",
                           "1.2.3.4:x",
                           "1.2.3.4:65536",
                           "1.2.3.4:-1",
                           "1.2.3.4:+1",
                           "1.2.3.4:80 ",
                           " 1.2.3.4:80",
                           "1.2.3:80",
                           "256.1.1.1:80",
                           "::1:80",
                           "[::1]",
                           "[::1]80",
                           "[]:80",
                           "[1.2.3.4]:80",
                           "[::1%lo]:80",
                           "example.com:80",
                           "[localhost]:80",
                           "1.2.3.4:000080"}) {
    const auto address = Address::parse(text);
    ASSERT_FALSE(address) << text;
    EXPECT_EQ(address.error().code, Errc::bad_request);
    EXPECT_EQ(address.error().detail, "'" + std::string(text) + "' is not " + std::string(Address::expected));
  }
}

TEST(Address, RefusesNulBytes) { EXPECT_FALSE(Address::parse(std::string_view("127.0.0.1\0:80", 13))); }

TEST(Address, KnowsLoopbackInEachFamily) {
  EXPECT_TRUE(parsed("127.0.0.1:1").is_loopback());
  EXPECT_TRUE(parsed("127.255.255.254:1").is_loopback());
  EXPECT_TRUE(parsed("[::1]:1").is_loopback());
  EXPECT_TRUE(parsed("[::ffff:127.0.0.1]:1").is_loopback());
  for (const char* text : {"0.0.0.0:1", "126.0.0.1:1", "128.0.0.1:1", "[::]:1", "[::2]:1", "[::ffff:1.2.3.4]:1"}) {
    EXPECT_FALSE(parsed(text).is_loopback()) << text;
  }
}

TEST(Address, OnlyAnyIPv6IsDualStack) {
  EXPECT_TRUE(parsed("[::]:8080").is_dual_stack());
  EXPECT_FALSE(parsed("[::1]:8080").is_dual_stack());
  EXPECT_FALSE(parsed("0.0.0.0:8080").is_dual_stack());
}

TEST(Address, EveryAddressOfTheMachineIsAWildcard) {
  for (const char* any : {"[::]:8080", "0.0.0.0:8080", "[::ffff:0.0.0.0]:8080"}) EXPECT_TRUE(parsed(any).is_wildcard());
  for (const char* one : {"[::1]:8080", "127.0.0.1:8080", "10.0.0.0:1"}) EXPECT_FALSE(parsed(one).is_wildcard());
}

TEST(Address, ShowsAClientThatCameByIPv4AsSuch) {
  const Address client = from_ipv6("::ffff:192.0.2.7", 4711);
  EXPECT_EQ(client.text(), "192.0.2.7:4711");
  EXPECT_EQ(client.host(), "192.0.2.7");
  EXPECT_EQ(client, parsed("192.0.2.7:4711"));
}

TEST(Address, GivesHostAndPortApart) {
  EXPECT_EQ(parsed("[2001:db8::1]:443").host(), "2001:db8::1");
  EXPECT_EQ(parsed("[2001:db8::1]:443").port(), 443);
  EXPECT_EQ(parsed("10.0.0.1:80").host(), "10.0.0.1");
}

TEST(Address, ChangesItsPortAlone) {
  EXPECT_EQ(parsed("[::1]:0").with_port(8080).text(), "[::1]:8080");
  EXPECT_EQ(parsed("127.0.0.1:0").with_port(8080).text(), "127.0.0.1:8080");
}

TEST(Address, IsWhatTheKernelTakes) {
  const Address ipv4 = parsed("127.0.0.1:80"), ipv6 = parsed("[::1]:80");
  EXPECT_EQ(ipv4.family(), AF_INET);
  EXPECT_EQ(ipv4.socket_address_bytes(), sizeof(sockaddr_in));
  EXPECT_EQ(ipv6.family(), AF_INET6);
  EXPECT_EQ(ipv6.socket_address_bytes(), sizeof(sockaddr_in6));
  EXPECT_EQ(ipv6.socket_address()->sa_family, AF_INET6);
}

TEST(Address, DefaultIsPortZeroOfAny) { EXPECT_EQ(Address().text(), "0.0.0.0:0"); }

}  // namespace
}  // namespace sluice::base
