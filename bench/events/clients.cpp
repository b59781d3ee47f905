#include "clients.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <stdexcept>

namespace sluice::bench {
namespace {

constexpr std::size_t stamp_digits = 16;

struct Client {
  int descriptor = -1;
  std::string segment;   // masked frames, with the mask 0
  std::size_t sent = 0;  // of it
  bool is_blocked = false;
};

int connect_to(int port) {
  const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    throw std::runtime_error(std::string("cannot connect: ") + std::strerror(errno));
  }
  const int on = 1;
  setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const std::string_view request =
      "GET / HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
  if (send(descriptor, request.data(), request.size(), MSG_NOSIGNAL) < 0) throw std::runtime_error("cannot ask");
  std::string answer;
  while (answer.find("\r\n\r\n") == std::string::npos) {
    char bytes[1024];
    const ssize_t got = recv(descriptor, bytes, sizeof bytes, 0);
    if (got <= 0) throw std::runtime_error("no answer to the handshake");
    answer.append(bytes, static_cast<std::size_t>(got));
  }
  if (answer.find(" 101 ") == std::string::npos) throw std::runtime_error("refused: " + answer.substr(0, 80));
  fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK);
  return descriptor;
}

// A segment whose frames are all alike but for the moment, which is written anew each time.
std::string segment_of(const ClientsWish& wish) {
  std::string segment;
  for (std::size_t at = 0; at < wish.messages_a_segment; ++at) {
    segment += static_cast<char>(0x81);
    segment += static_cast<char>(0x80 | wish.bytes);
    segment.append(4, '\0');
    segment.append(wish.bytes, 'x');
  }
  return segment;
}

void stamp(std::string& segment, std::size_t frame_bytes) {
  const std::uint64_t now = nanoseconds_now();
  for (std::size_t at = 6; at < segment.size(); at += frame_bytes) {
    std::uint64_t rest = now;
    for (std::size_t digit = 0; digit < stamp_digits; ++digit, rest >>= 4)
      segment[at + digit] = "0123456789abcdef"[rest & 15];
  }
}

// False: the socket takes no more for now.
bool speak(Client& client, std::size_t frame_bytes) {
  if (client.sent == 0) stamp(client.segment, frame_bytes);
  const ssize_t taken = send(client.descriptor, client.segment.data() + client.sent,
                             client.segment.size() - client.sent, MSG_NOSIGNAL | MSG_DONTWAIT);
  if (taken < 0) {
    if (errno == EAGAIN || errno == EWOULDBLOCK) return false;
    throw std::runtime_error(std::string("cannot send: ") + std::strerror(errno));
  }
  client.sent += static_cast<std::size_t>(taken);
  if (client.sent == client.segment.size()) client.sent = 0;
  return client.sent == 0;
}

void speak_freely(std::vector<Client>& clients, int set, std::size_t frame_bytes, const std::atomic<bool>& stops) {
  while (!stops) {
    epoll_event events[128];
    const int count = epoll_wait(set, events, 128, 100);
    for (int at = 0; at < count; ++at) {
      Client& client = clients[events[at].data.u64];
      // A few segments each, so that all have their turn.
      for (int times = 0; times < 4 && speak(client, frame_bytes); ++times) continue;
    }
  }
}

void speak_paced(std::vector<Client>& clients, double segments_a_second, std::size_t frame_bytes,
                 const std::atomic<bool>& stops) {
  const std::uint64_t began = nanoseconds_now();
  for (std::uint64_t said = 0; !stops; ++said) {
    const auto due = began + static_cast<std::uint64_t>(static_cast<double>(said) / segments_a_second * 1e9);
    const std::uint64_t now = nanoseconds_now();
    if (due > now) {
      const timespec pause{static_cast<time_t>((due - now) / 1'000'000'000),
                           static_cast<long>((due - now) % 1'000'000'000)};
      nanosleep(&pause, nullptr);
    }
    speak(clients[said % clients.size()], frame_bytes);
  }
}

}  // namespace

std::uint64_t nanoseconds_now() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(now.tv_nsec);
}

std::uint64_t sent_at(std::string_view data) {
  if (data.size() < stamp_digits) return 0;
  std::uint64_t moment = 0;
  for (std::size_t digit = stamp_digits; digit-- > 0;) {
    const char c = data[digit];
    moment = moment << 4 | static_cast<std::uint64_t>(c <= '9' ? c - '0' : c - 'a' + 10);
  }
  return moment;
}

void run_clients(const ClientsWish& wish, const std::atomic<bool>& stops, std::atomic<bool>& are_open) {
  const int set = epoll_create1(EPOLL_CLOEXEC);
  std::vector<Client> clients(wish.clients);
  for (std::size_t at = 0; at < clients.size(); ++at) {
    clients[at].descriptor = connect_to(wish.port);
    clients[at].segment = segment_of(wish);
    epoll_event event{};
    event.events = EPOLLOUT;
    event.data.u64 = at;
    epoll_ctl(set, EPOLL_CTL_ADD, clients[at].descriptor, &event);
  }
  are_open = true;
  const std::size_t frame_bytes = 6 + wish.bytes;
  if (wish.messages_a_second > 0) {
    speak_paced(clients, wish.messages_a_second / static_cast<double>(wish.messages_a_segment), frame_bytes, stops);
  } else {
    speak_freely(clients, set, frame_bytes, stops);
  }
  for (const Client& client : clients) close(client.descriptor);
  close(set);
}

}  // namespace sluice::bench
