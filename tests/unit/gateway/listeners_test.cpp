#include "gateway/listeners.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <optional>

#include "tests/unit/gateway/descriptor.hpp"

namespace sluice::gateway {
namespace {

using base::Address;

Address address_of(std::string_view text) { return Address::parse(text).value(); }
const Address any_loopback_port = address_of("127.0.0.1:0");

// Listeners that close with the test.
struct Opened {
  Address address;
  std::vector<Descriptor> sockets;
};

Opened open(const Address& address, std::size_t count, const Options& options = {}, std::size_t send_bytes = 0) {
  const auto set = open_listeners(address, count, options, send_bytes);
  if (!set) {
    ADD_FAILURE() << set.error().detail;
    return {address, {}};
  }
  Opened opened{set->address, {}};
  for (const int descriptor : set->descriptors) opened.sockets.emplace_back(descriptor);
  return opened;
}

Address local_address(int descriptor) {
  sockaddr_storage storage{};
  socklen_t bytes = sizeof storage;
  EXPECT_EQ(getsockname(descriptor, reinterpret_cast<sockaddr*>(&storage), &bytes), 0);
  return Address::from(storage);
}

int option_of(int descriptor, int level, int name) {
  int value = -1;
  socklen_t bytes = sizeof value;
  EXPECT_EQ(getsockopt(descriptor, level, name, &value, &bytes), 0);
  return value;
}

// Waits for a connection on one of the listeners; gives which one and the socket.
std::pair<std::size_t, Descriptor> accept_one(const Opened& opened) {
  std::vector<pollfd> waiting;
  for (const Descriptor& socket : opened.sockets) waiting.push_back({socket.get(), POLLIN, 0});
  EXPECT_GT(poll(waiting.data(), waiting.size(), 10'000), 0);
  for (std::size_t at = 0; at < waiting.size(); ++at) {
    if ((waiting[at].revents & POLLIN) != 0) return {at, Descriptor(accept4(waiting[at].fd, nullptr, nullptr, 0))};
  }
  return {0, Descriptor()};
}

Options sharing() {
  Options options;
  options.share_port = true;
  return options;
}

bool has_ipv6() {
  const Descriptor socket(::socket(AF_INET6, SOCK_STREAM, 0));
  const Address loopback = address_of("[::1]:0");
  return bind(socket.get(), loopback.socket_address(), loopback.socket_address_bytes()) == 0;
}

TEST(Listeners, OnAnyPortAllWorkersShareTheOneThatWasTaken) {
  const Opened opened = open(any_loopback_port, 4);
  ASSERT_EQ(opened.sockets.size(), 4U);
  EXPECT_NE(opened.address.port(), 0);
  for (const Descriptor& socket : opened.sockets) EXPECT_EQ(local_address(socket.get()), opened.address);
}

TEST(Listeners, EachIsNonBlockingAndNotInherited) {
  for (const Descriptor& socket : open(any_loopback_port, 2).sockets) {
    EXPECT_NE(fcntl(socket.get(), F_GETFL) & O_NONBLOCK, 0);
    EXPECT_NE(fcntl(socket.get(), F_GETFD) & FD_CLOEXEC, 0);
    EXPECT_EQ(option_of(socket.get(), SOL_SOCKET, SO_ACCEPTCONN), 1);
  }
}

TEST(Listeners, TheKernelSpreadsConnectionsAmongThem) {
  const Opened opened = open(any_loopback_port, 2);
  std::vector<int> taken(2);
  for (int at = 0; at < 64; ++at) {
    const Descriptor client = connect_to(opened.address);
    ++taken[accept_one(opened).first];
  }
  EXPECT_GT(taken[0], 0);
  EXPECT_GT(taken[1], 0);
}

TEST(Listeners, APortInUseIsAnErrorThatNamesAddressAndRemedy) {
  const Opened first = open(any_loopback_port, 2);
  const auto second = open_listeners(first.address, 2, {}, 0);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, base::Errc::unavailable);
  EXPECT_NE(second.error().detail.find("cannot listen on " + first.address.text()), std::string::npos);
  EXPECT_NE(second.error().detail.find("the port is in use"), std::string::npos);
  EXPECT_NE(second.error().detail.find("--share-port"), std::string::npos);
}

// Both have bound it by then: the kernel lets two sockets with SO_REUSEADDR, as long as neither listens.
TEST(Listeners, OfTwoThatTakeAPortAtTheSameTimeOneGetsIt) {
  const Descriptor other(socket(AF_INET, SOCK_STREAM, 0));
  const int on = 1;
  ASSERT_EQ(setsockopt(other.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on), 0);
  ASSERT_EQ(bind(other.get(), any_loopback_port.socket_address(), any_loopback_port.socket_address_bytes()), 0);
  const Opened opened = open(local_address(other.get()), 2);
  EXPECT_EQ(opened.sockets.size(), 2U);
  EXPECT_NE(listen(other.get(), 1), 0);
  EXPECT_EQ(errno, EADDRINUSE);
}

TEST(Listeners, ThePortOfOneWorkerIsItsAlone) {
  const Opened opened = open(any_loopback_port, 1);
  EXPECT_FALSE(open_listeners(opened.address, 1, {}, 0));
  EXPECT_FALSE(open_listeners(opened.address, 1, sharing(), 0));
}

TEST(Listeners, WhoeverSaysSharePortSharesIt) {
  const Opened first = open(any_loopback_port, 1, sharing());
  EXPECT_EQ(open(first.address, 2, sharing()).sockets.size(), 2U);
  EXPECT_FALSE(open_listeners(first.address, 1, {}, 0));
}

TEST(Listeners, APortThatIsNotSharedByWhoHasItIsAnError) {
  const Descriptor other(socket(AF_INET, SOCK_STREAM, 0));
  ASSERT_EQ(bind(other.get(), any_loopback_port.socket_address(), any_loopback_port.socket_address_bytes()), 0);
  ASSERT_EQ(listen(other.get(), 1), 0);
  EXPECT_FALSE(open_listeners(local_address(other.get()), 1, sharing(), 0));
}

TEST(Listeners, AnAddressThatIsNotOursIsAnErrorThatSaysSo) {
  const auto set = open_listeners(address_of("192.0.2.1:0"), 1, {}, 0);  // RFC 5737: nobody's
  ASSERT_FALSE(set);
  EXPECT_NE(set.error().detail.find("192.0.2.1:0"), std::string::npos);
}

TEST(Listeners, AnErrorLeavesNoSocketOpen) {
  const Opened first = open(any_loopback_port, 1);
  const int before = Descriptor(dup(0)).get();
  EXPECT_FALSE(open_listeners(first.address, 3, {}, 0));
  EXPECT_EQ(Descriptor(dup(0)).get(), before);
}

TEST(Listeners, AcceptedSocketsInheritNoDelayAndTheSendBuffer) {
  const Opened opened = open(any_loopback_port, 2, {}, 65'536);
  const Descriptor client = connect_to(opened.address);
  const Descriptor accepted = accept_one(opened).second;
  EXPECT_NE(option_of(accepted.get(), IPPROTO_TCP, TCP_NODELAY), 0);
  EXPECT_EQ(option_of(accepted.get(), SOL_SOCKET, SO_SNDBUF), 2 * 65'536);  // socket(7): the kernel doubles it
}

TEST(Listeners, WithoutNoDelaySmallWritesMayWait) {
  Options options;
  options.tcp_no_delay = false;
  const Opened opened = open(any_loopback_port, 1, options);
  const Descriptor client = connect_to(opened.address);
  EXPECT_EQ(option_of(accept_one(opened).second.get(), IPPROTO_TCP, TCP_NODELAY), 0);
}

TEST(Listeners, DualStackTakesIPv4Too) {
  if (!has_ipv6()) GTEST_SKIP() << "there is no IPv6 here";
  const Opened opened = open(address_of("[::]:0"), 1);
  const Descriptor client = connect_to(any_loopback_port.with_port(opened.address.port()));
  EXPECT_GE(accept_one(opened).second.get(), 0);
}

TEST(Listeners, OneIPv6AddressTakesIPv6Alone) {
  if (!has_ipv6()) GTEST_SKIP() << "there is no IPv6 here";
  const Opened opened = open(address_of("[::1]:0"), 1);
  EXPECT_EQ(option_of(opened.sockets[0].get(), IPPROTO_IPV6, IPV6_V6ONLY), 1);
}

// What another process has, as that one hands it over.
std::vector<base::Descriptor> copies_of(const Opened& opened) {
  std::vector<base::Descriptor> copies;
  for (const Descriptor& socket : opened.sockets) copies.emplace_back(fcntl(socket.get(), F_DUPFD_CLOEXEC, 0));
  return copies;
}

TEST(Listeners, ThoseThatWereHandedOverAreUsedAndMoreAreOpenedBesideThem) {
  for (const std::size_t had : {1, 3}) {
    std::optional<Opened> old = open(any_loopback_port, had);
    const Address address = old->address;
    const auto set = open_listeners(address, 2, {}, 0, copies_of(*old));
    ASSERT_TRUE(set) << set.error().detail;
    EXPECT_EQ(set->address, address);
    EXPECT_EQ(set->descriptors.size(), std::max<std::size_t>(had, 2));
    Opened fresh{address, {}};
    for (const int descriptor : set->descriptors) fresh.sockets.emplace_back(descriptor);
    old.reset();
    for (int count = 0; count < 20; ++count) {
      const Descriptor client = connect_to(address);
      ASSERT_GE(client.get(), 0);
      EXPECT_GE(accept_one(fresh).second.get(), 0);
    }
  }
}

TEST(Listeners, OneThatDoesNotListenAnyMoreListensWhereItIsHandedOver) {
  const Opened old = open(any_loopback_port, 2);
  for (const Descriptor& socket : old.sockets) shutdown(socket.get(), SHUT_RD);
  const auto set = open_listeners(old.address, 2, {}, 0, copies_of(old));
  ASSERT_TRUE(set) << set.error().detail;
  for (const int descriptor : set->descriptors) close(descriptor);
}

}  // namespace
}  // namespace sluice::gateway
