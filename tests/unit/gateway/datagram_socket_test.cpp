#include "gateway/datagram_socket.hpp"

#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <map>

#include "gateway/listeners.hpp"

namespace sluice::gateway {
namespace {

struct Opened {
  base::Address address;
  std::unique_ptr<DatagramSocket> socket;
};
Opened open_at(const char* text, std::size_t bytes_max = 1400) {
  const auto set = open_datagram_sockets(base::Address::parse(text).value(), 1, false, 1 << 20);
  EXPECT_TRUE(set) << (set ? "" : set.error().detail);
  return {set->address, std::make_unique<DatagramSocket>(set->descriptors[0], set->address, bytes_max)};
}

// A client's socket, connected, so that only answers from where it sent to reach it.
class Client {
 public:
  explicit Client(const base::Address& to) : descriptor_(socket(to.family(), SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    EXPECT_EQ(connect(descriptor_, to.socket_address(), to.socket_address_bytes()), 0);
  }
  ~Client() { end(); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  void send(std::string_view text) const {
    EXPECT_EQ(::send(descriptor_, text.data(), text.size(), 0), ssize_t(text.size()));
  }
  std::string receive() const {
    pollfd one{descriptor_, POLLIN, 0};
    if (poll(&one, 1, 10'000) != 1) return "nothing";
    char bytes[2000];
    const ssize_t size = recv(descriptor_, bytes, sizeof bytes, 0);
    return size < 0 ? "error" : std::string(bytes, static_cast<std::size_t>(size));
  }
  void end() {
    if (descriptor_ >= 0) close(std::exchange(descriptor_, -1));
  }

 private:
  int descriptor_;
};

void until_readable(const DatagramSocket& socket) {
  pollfd one{socket.descriptor(), POLLIN, 0};
  EXPECT_EQ(poll(&one, 1, 10'000), 1);
}

struct Got {
  UdpPeer peer;
  std::string bytes;
  bool is_cut;
};
std::vector<Got> read_all(DatagramSocket& socket, std::size_t count) {
  std::vector<Got> got;
  while (got.size() < count) {
    until_readable(socket);
    socket.read([&](const UdpPeer& peer, std::string_view bytes, bool is_cut) {
      got.push_back({peer, std::string(bytes), is_cut});
    });
  }
  return got;
}

TEST(DatagramSocket, ReadsAndAnswersManyAtATime) {
  Opened opened = open_at("127.0.0.1:0");
  const Client client(opened.address);
  for (int number = 0; number < 200; ++number) client.send(std::to_string(number));
  const auto got = read_all(*opened.socket, 200);
  for (int number = 0; number < 200; ++number) {
    EXPECT_EQ(got[static_cast<std::size_t>(number)].bytes, std::to_string(number));
    EXPECT_TRUE(opened.socket->gather(got[0].peer, std::to_string(number)));
  }
  EXPECT_TRUE(opened.socket->send());
  for (int number = 0; number < 200; ++number) EXPECT_EQ(client.receive(), std::to_string(number));
  EXPECT_EQ(opened.socket->take_sent(), 200u);
  EXPECT_EQ(opened.socket->take_lost(), 0u);
}

TEST(DatagramSocket, AnAnswerComesFromWhereTheQuestionWent) {
  Opened opened = open_at("0.0.0.0:0");
  const Client client(base::Address::parse("127.0.0.2:" + std::to_string(opened.address.port())).value());
  client.send("hi");
  const auto got = read_all(*opened.socket, 1);
  opened.socket->gather(got[0].peer, "there");
  opened.socket->send();
  EXPECT_EQ(client.receive(), "there");
}

TEST(DatagramSocket, WhatIsTooLongIsCut) {
  Opened opened = open_at("127.0.0.1:0", 512);
  const Client client(opened.address);
  client.send(std::string(512, 'x'));
  client.send(std::string(513, 'x'));
  const auto got = read_all(*opened.socket, 2);
  EXPECT_FALSE(got[0].is_cut);
  EXPECT_TRUE(got[1].is_cut);
}

TEST(DatagramSocket, TellsWhoCannotBeReached) {
  Opened opened = open_at("127.0.0.1:0");
  Client gone(opened.address);
  const Client there(opened.address);
  gone.send("bye");
  there.send("hi");
  const auto got = read_all(*opened.socket, 2);
  gone.end();
  for (const Got& one : got) opened.socket->gather(one.peer, "answer");
  opened.socket->send();
  std::vector<std::uint16_t> unreachable;
  pollfd one{opened.socket->descriptor(), POLLIN, 0};
  EXPECT_EQ(poll(&one, 1, 10'000), 1);
  opened.socket->read_errors([&](const UdpPeer& peer) { unreachable.push_back(peer.address.port()); });
  EXPECT_EQ(unreachable, std::vector<std::uint16_t>{got[0].peer.address.port()});
  EXPECT_EQ(there.receive(), "answer");
  // An error that was told does not cost the next one anything.
  opened.socket->gather(got[1].peer, "another");
  EXPECT_TRUE(opened.socket->send());
  EXPECT_EQ(there.receive(), "another");
}

TEST(DatagramSocket, AllOfAPortsSocketsShareIt) {
  const auto set = open_datagram_sockets(base::Address::parse("127.0.0.1:0").value(), 3, false, 1 << 20);
  ASSERT_TRUE(set);
  EXPECT_EQ(set->descriptors.size(), 3u);
  const auto again = open_datagram_sockets(set->address, 1, false, 1 << 20);
  EXPECT_FALSE(again);
  for (const int descriptor : set->descriptors) close(descriptor);
}

}  // namespace
}  // namespace sluice::gateway
