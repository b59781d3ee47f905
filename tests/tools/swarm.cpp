// swarm: many WebSocket clients in one process, each of which hashes the sequence of messages that it sees.
//   swarm PORT ROOM MARKER STEADY RESUMERS CHURNERS [ADDRESSES]
// Steady clients stay; resumers break off at random and come back with ?since=; churners come and go. Prints one line
// {"open":N} once all are open and, once every steady client and resumer has seen the message MARKER, one line with how
// many saw each sequence: {"steady":{"HASH-COUNT":N},"resumers":{...},"resumes":N,"gaps":N,"closed":N}.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace {

enum class Kind : std::uint8_t { steady, resumer, churner };

struct Client {
  Kind kind = Kind::steady;
  int descriptor = -1;
  bool is_open = false, is_done = false, was_open = false;
  std::string in;
  std::uint64_t hash = 14695981039346656037U, count = 0, leaves_at = 0;
  std::string position;  // where to resume from
};

class Swarm {
 public:
  Swarm(int port, std::string room, std::string marker, int addresses)
      : port_(port), room_(std::move(room)), marker_(std::move(marker)), addresses_(addresses) {}

  void add(Kind kind, int count) {
    for (int at = 0; at < count; ++at) clients_.emplace_back().kind = kind;
  }

  void run() {
    set_ = epoll_create1(0);
    for (std::size_t at = 0; at < clients_.size();) {
      for (int started = 0; started < 200 && at < clients_.size(); ++started) connect_one(at++);
      turn(0);
    }
    while (open_ < clients_.size()) turn(100);
    std::printf("{\"open\":%zu}\n", open_);
    std::fflush(stdout);
    while (!is_over()) turn(100);
    report();
  }

 private:
  void connect_one(std::size_t at) {
    Client& client = clients_[at];
    client.in.clear();
    client.is_open = false;
    client.leaves_at = client.count + 20 + random_() % 1000;
    client.descriptor = socket(AF_INET, SOCK_STREAM, 0);
    const int one = 1;
    setsockopt(client.descriptor, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    setsockopt(client.descriptor, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
    sockaddr_in own{}, server{};
    own.sin_family = server.sin_family = AF_INET;
    own.sin_addr.s_addr = htonl(0x7f000001U + static_cast<std::uint32_t>(at) % static_cast<std::uint32_t>(addresses_));
    server.sin_addr.s_addr = htonl(0x7f000001U);
    server.sin_port = htons(static_cast<std::uint16_t>(port_));
    if (bind(client.descriptor, reinterpret_cast<sockaddr*>(&own), sizeof own) != 0 ||
        connect(client.descriptor, reinterpret_cast<sockaddr*>(&server), sizeof server) != 0) {
      std::fprintf(stderr, "swarm: connect: %s\n", std::strerror(errno));
      std::exit(1);
    }
    std::string request = "GET /?room=" + room_;
    if (client.kind == Kind::resumer) {
      request += client.position.empty() ? "&envelope=1" : "&since=" + client.position;
    }
    request +=
        " HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
    if (send(client.descriptor, request.data(), request.size(), MSG_NOSIGNAL) < 0) std::perror("swarm: send");
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = at;
    epoll_ctl(set_, EPOLL_CTL_ADD, client.descriptor, &event);
  }

  void turn(int milliseconds) {
    static epoll_event events[1024];
    const int count = epoll_wait(set_, events, 1024, milliseconds);
    for (int at = 0; at < count; ++at) read(static_cast<std::size_t>(events[at].data.u64));
  }

  void read(std::size_t at) {
    static char buffer[1 << 18];
    Client& client = clients_[at];
    const ssize_t size = recv(client.descriptor, buffer, sizeof buffer, MSG_DONTWAIT);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (size <= 0) {
      ++closed_;
      close(client.descriptor);
      client.descriptor = -1;
      client.is_done = true;
      return;
    }
    client.in.append(buffer, static_cast<std::size_t>(size));
    std::string_view rest = client.in;
    if (!client.is_open && !take_handshake(client, rest)) return;
    // Whoever leaves does so in the middle of what one read brought; what a resumer has not yet hashed comes again.
    while (!leaves(client) && take_frame(client, rest)) {
    }
    client.in.erase(0, client.in.size() - rest.size());
    if (!leaves(client)) return;
    const linger reset{1, 0};
    setsockopt(client.descriptor, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    close(client.descriptor);
    if (client.kind == Kind::resumer) ++resumes_;
    connect_one(at);
  }

  static bool leaves(const Client& client) {
    return client.kind != Kind::steady && !client.is_done && client.count >= client.leaves_at;
  }

  bool take_handshake(Client& client, std::string_view& rest) {
    const auto end = rest.find("\r\n\r\n");
    if (end == std::string_view::npos) return false;
    if (rest.substr(9, 3) != "101") {
      std::fprintf(stderr, "swarm: %.*s\n", 200, client.in.c_str());
      std::exit(1);
    }
    rest.remove_prefix(end + 4);
    client.is_open = true;
    if (!client.was_open) ++open_;
    client.was_open = true;
    return true;
  }

  bool take_frame(Client& client, std::string_view& rest) {
    const auto byte = [&rest](std::size_t at) { return static_cast<std::uint8_t>(rest[at]); };
    if (rest.size() < 2) return false;
    std::size_t size = byte(1), head = 2;
    if (size == 126) {
      if (rest.size() < 4) return false;
      size = static_cast<std::size_t>(byte(2) << 8 | byte(3));
      head = 4;
    }
    if (rest.size() < head + size) return false;
    if ((byte(0) & 15) == 1) take_message(client, rest.substr(head, size));
    rest.remove_prefix(head + size);
    return true;
  }

  void take_message(Client& client, std::string_view text) {
    if (client.kind == Kind::resumer) {
      if (text.find("\"notice\":\"gap\"") != std::string_view::npos) ++gaps_;
      const std::string_view position = field(text, "\"position\":\"");
      if (!position.empty()) client.position = position;
      text = field(text, "\"data\":\"");
      if (text.empty()) return;
    }
    if (text == marker_) client.is_done = true;
    for (const char c : text) client.hash = (client.hash ^ static_cast<std::uint8_t>(c)) * 1099511628211U;
    ++client.count;
  }

  static std::string_view field(std::string_view text, std::string_view name) {
    const auto begin = text.find(name);
    if (begin == std::string_view::npos) return {};
    text.remove_prefix(begin + name.size());
    return text.substr(0, text.find('"'));
  }

  bool is_over() const {
    for (const Client& client : clients_) {
      if (client.kind != Kind::churner && !client.is_done) return false;
    }
    return true;
  }

  void report() const {
    const auto sequences = [this](Kind kind) {
      std::map<std::string, int> seen;
      for (const Client& client : clients_) {
        if (client.kind != kind) continue;
        char text[64];
        std::snprintf(text, sizeof text, "%016llx-%llu", static_cast<unsigned long long>(client.hash),
                      static_cast<unsigned long long>(client.count));
        ++seen[text];
      }
      std::string json = "{";
      for (const auto& [text, count] : seen) {
        json.append(json.size() > 1 ? ",\"" : "\"").append(text).append("\":").append(std::to_string(count));
      }
      return json + "}";
    };
    std::printf("{\"steady\":%s,\"resumers\":%s,\"resumes\":%llu,\"gaps\":%llu,\"closed\":%llu}\n",
                sequences(Kind::steady).c_str(), sequences(Kind::resumer).c_str(),
                static_cast<unsigned long long>(resumes_), static_cast<unsigned long long>(gaps_),
                static_cast<unsigned long long>(closed_));
  }

  const int port_;
  const std::string room_, marker_;
  const int addresses_;
  int set_ = -1;
  std::vector<Client> clients_;
  std::size_t open_ = 0;
  std::uint64_t resumes_ = 0, gaps_ = 0, closed_ = 0;
  std::mt19937 random_{42};
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 7) {
    std::fprintf(stderr, "usage: swarm PORT ROOM MARKER STEADY RESUMERS CHURNERS [ADDRESSES]\n");
    return 2;
  }
  Swarm swarm(std::atoi(argv[1]), argv[2], argv[3], argc > 7 ? std::atoi(argv[7]) : 1);
  swarm.add(Kind::steady, std::atoi(argv[4]));
  swarm.add(Kind::resumer, std::atoi(argv[5]));
  swarm.add(Kind::churner, std::atoi(argv[6]));
  swarm.run();
  return 0;
}
