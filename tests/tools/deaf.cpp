// deaf: WebSocket clients that read nothing, with small receive buffers, beside healthy ones that measure.
//   deaf PORT ROOM DEAF HEALTHY
// Prints {"open":N} once all are open. For each line on standard input it prints one about what the healthy ones have
// got since the last: {"messages":N,"p50_ms":X,"p99_ms":X,"max_ms":X,"healthy":N,"deaf":N}, the last two those that are
// still open. A message begins with the time when it was sent: nanoseconds of the monotonic clock. Ends with its input.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr int deaf_receive_bytes = 4096;
constexpr std::uint64_t input_tag = ~std::uint64_t{0};

struct Client {
  int descriptor = -1;
  bool is_deaf = false, is_upgraded = false;
  std::string in;
};

[[noreturn]] void fail(const char* what) {
  std::fprintf(stderr, "deaf: %s: %s\n", what, std::strerror(errno));
  std::exit(1);
}

std::uint64_t now_ns() {
  return static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
}

class Clients {
 public:
  Clients(int port, std::string room) : port_(port), room_(std::move(room)), set_(epoll_create1(0)) {}

  void run(std::size_t deaf, std::size_t healthy) {
    clients_.resize(deaf + healthy);
    // The healthy ones first: they are to be there before it gets tight.
    for (std::size_t at = 0; at < clients_.size(); ++at) {
      clients_[at].is_deaf = at >= healthy;
      open(at);
      while (!clients_[at].is_upgraded) turn();
    }
    open_deaf_ = deaf;
    open_healthy_ = healthy;
    std::printf("{\"open\":%zu}\n", clients_.size());
    std::fflush(stdout);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = input_tag;
    epoll_ctl(set_, EPOLL_CTL_ADD, STDIN_FILENO, &event);
    while (!is_over_) turn();
  }

 private:
  void open(std::size_t at) {
    Client& client = clients_[at];
    client.descriptor = socket(AF_INET, SOCK_STREAM, 0);
    const int one = 1;
    setsockopt(client.descriptor, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (client.is_deaf) {
      setsockopt(client.descriptor, SOL_SOCKET, SO_RCVBUF, &deaf_receive_bytes, sizeof deaf_receive_bytes);
    }
    sockaddr_in server{};
    server.sin_family = AF_INET;
    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    server.sin_port = htons(static_cast<std::uint16_t>(port_));
    if (connect(client.descriptor, reinterpret_cast<sockaddr*>(&server), sizeof server) != 0) fail("connect");
    send_all(client, "GET /?room=" + room_ +
                         " HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                         "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n");
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = at;
    epoll_ctl(set_, EPOLL_CTL_ADD, client.descriptor, &event);
  }

  static void send_all(const Client& client, std::string_view bytes) {
    if (send(client.descriptor, bytes.data(), bytes.size(), MSG_NOSIGNAL) < 0) std::perror("deaf: send");
  }

  void turn() {
    epoll_event events[256];
    const int count = epoll_wait(set_, events, 256, -1);
    for (int at = 0; at < count; ++at) {
      if (events[at].data.u64 == input_tag) {
        read_input();
      } else {
        read(clients_[events[at].data.u64], events[at].events);
      }
    }
  }

  void read_input() {
    char line[256];
    const ssize_t got = ::read(STDIN_FILENO, line, sizeof line);
    is_over_ = got <= 0;
    for (ssize_t at = 0; at < got; ++at) {
      if (line[at] == '\n') report();
    }
  }

  void read(Client& client, std::uint32_t events) {
    if (client.is_deaf && client.is_upgraded) {
      if ((events & (EPOLLHUP | EPOLLERR)) != 0) close(client);
      return;
    }
    char bytes[65536];
    // A deaf one takes what it has to, and no more.
    const ssize_t got = recv(client.descriptor, bytes, client.is_deaf ? 512 : sizeof bytes, 0);
    if (got <= 0) return close(client);
    client.in.append(bytes, static_cast<std::size_t>(got));
    if (!client.is_upgraded) take_head(client);
    if (client.is_upgraded && !client.is_deaf) take_frames(client);
  }

  void take_head(Client& client) {
    const std::size_t end = client.in.find("\r\n\r\n");
    if (end == std::string::npos) return;
    if (!client.in.starts_with("HTTP/1.1 101 ")) {
      std::fprintf(stderr, "deaf: refused: %s\n", client.in.c_str());
      std::exit(1);
    }
    client.in.erase(0, end + 4);
    client.is_upgraded = true;
    if (!client.is_deaf) return;
    epoll_event event{};
    event.events = EPOLLET;  // errors and hang-ups alone
    event.data.u64 = static_cast<std::uint64_t>(&client - clients_.data());
    epoll_ctl(set_, EPOLL_CTL_MOD, client.descriptor, &event);
  }

  void take_frames(Client& client) {
    std::string_view rest = client.in;
    while (rest.size() >= 2) {
      const auto byte = [&rest](std::size_t at) { return static_cast<std::uint8_t>(rest[at]); };
      std::size_t head = 2, size = byte(1) & 0x7F;
      if (size >= 126) {
        const std::size_t length_bytes = size == 126 ? 2 : 8;
        head += length_bytes;
        if (rest.size() < head) break;
        size = 0;
        for (std::size_t at = 2; at < head; ++at) size = size << 8 | byte(at);
      }
      if (rest.size() < head + size) break;
      take_frame(client, byte(0) & 0x0F, rest.substr(head, size));
      rest.remove_prefix(head + size);
    }
    client.in.erase(0, client.in.size() - rest.size());
  }

  void take_frame(Client& client, int opcode, std::string_view payload) {
    if (opcode == 1) {
      const std::uint64_t sent = std::strtoull(std::string(payload.substr(0, 24)).c_str(), nullptr, 10);
      if (sent != 0) took_ns_.push_back(now_ns() - sent);
    } else if (opcode == 9) {
      // A pong without payload, masked by zeros.
      send_all(client, std::string_view("\x8A\x80\0\0\0\0", 6));
    }
  }

  void close(Client& client) {
    if (client.descriptor < 0) return;
    ::close(client.descriptor);
    client.descriptor = -1;
    --(client.is_deaf ? open_deaf_ : open_healthy_);
  }

  double quantile(double share) const {
    if (took_ns_.empty()) return 0;
    const auto at = static_cast<std::size_t>(share * static_cast<double>(took_ns_.size() - 1));
    return static_cast<double>(took_ns_[at]) / 1e6;
  }

  void report() {
    std::sort(took_ns_.begin(), took_ns_.end());
    std::printf("{\"messages\":%zu,\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"max_ms\":%.3f,\"healthy\":%zu,\"deaf\":%zu}\n",
                took_ns_.size(), quantile(0.5), quantile(0.99), quantile(1), open_healthy_, open_deaf_);
    std::fflush(stdout);
    took_ns_.clear();
  }

  const int port_;
  const std::string room_;
  const int set_;
  std::vector<Client> clients_;
  std::size_t open_deaf_ = 0, open_healthy_ = 0;
  std::vector<std::uint64_t> took_ns_;
  bool is_over_ = false;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fprintf(stderr, "usage: deaf PORT ROOM DEAF HEALTHY\n");
    return 2;
  }
  Clients(std::atoi(argv[1]), argv[2]).run(std::strtoul(argv[3], nullptr, 10), std::strtoul(argv[4], nullptr, 10));
}
