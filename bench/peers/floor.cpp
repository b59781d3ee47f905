// sluice-bench-floor PORT: the least that a server on one thread can do for relaying (/) and echoing (/echo), as the
// measuring stick for all others: it reads, unmasks and writes, and knows no limits, timers, closes or bad clients.
// What one read brought is relayed by one write to each client, as that saves the kernel most of its work; the bytes
// are made once and shared by all. Not a server for anything else.

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace {

constexpr std::string_view answer =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

struct Client {
  std::unique_ptr<std::string> rest;     // the beginning of a frame
  std::unique_ptr<std::string> waiting;  // what the kernel did not take
  std::uint32_t place = 0;               // in relayed_
  enum class State : std::uint8_t { gone, asking, relayed, echoed } state = State::gone;
};

// A frame's parts, by their places in the bytes; nothing if it is not whole.
struct FramePlaces {
  std::size_t mask = 0, end = 0;
  bool is_whole = false;
};

FramePlaces places_of(const char* bytes, std::size_t size) {
  if (size < 6) return {};
  std::size_t length = bytes[1] & 127, at = 2;
  const std::size_t extra = length == 126 ? 2 : length == 127 ? 8 : 0;
  if (size < at + extra + 4) return {};
  if (extra > 0) length = 0;
  for (const std::size_t end = at + extra; at < end; ++at) length = length << 8 | static_cast<std::uint8_t>(bytes[at]);
  return {.mask = at, .end = at + 4 + length, .is_whole = size - at - 4 >= length};
}

class Floor {
 public:
  explicit Floor(std::uint16_t port) : listener_(listen(port)), set_(epoll_create1(0)), buffer_(256 * 1024) {
    watch(listener_, EPOLLIN);
  }

  [[noreturn]] void run() {
    std::array<epoll_event, 1024> events;
    while (true) {
      const int count = epoll_wait(set_, events.data(), static_cast<int>(events.size()), -1);
      for (int at = 0; at < count; ++at) on_ready(events[at].data.fd, events[at].events);
    }
  }

 private:
  static int listen(std::uint16_t port) {
    const int on = 1, descriptor = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(descriptor, 4096) != 0) {
      throw std::system_error(errno, std::generic_category(), "listen");
    }
    return descriptor;
  }

  void watch(int descriptor, std::uint32_t events) {
    epoll_event event{};
    event.events = events;
    event.data.fd = descriptor;
    epoll_ctl(set_, EPOLL_CTL_ADD, descriptor, &event);
  }

  void on_ready(int descriptor, std::uint32_t events) {
    if (descriptor == listener_) return accept_some();
    Client& client = clients_[descriptor];
    if (client.state == Client::State::gone) return;
    if ((events & EPOLLOUT) != 0 && client.waiting) write_waiting(descriptor, client);
    if ((events & ~EPOLLOUT) != 0) read(descriptor, client, (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0);
  }

  void accept_some() {
    for (int at = 0; at < 64; ++at) {
      const int descriptor = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK);
      if (descriptor < 0) return;
      const int on = 1;
      setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      while (clients_.size() <= static_cast<std::size_t>(descriptor)) clients_.emplace_back();
      clients_[descriptor].state = Client::State::asking;
      watch(descriptor, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
    }
  }

  void read(int descriptor, Client& client, bool until_end) {
    while (true) {
      const ssize_t got = recv(descriptor, buffer_.data(), buffer_.size(), 0);
      if (got < 0 && errno == EAGAIN) return;
      if (got <= 0) return end(descriptor, client);
      const auto bytes = static_cast<std::size_t>(got);
      if (client.rest) {
        client.rest->append(buffer_.data(), bytes);
        const std::unique_ptr<std::string> all = std::move(client.rest);
        take(descriptor, client, all->data(), all->size());
      } else {
        take(descriptor, client, buffer_.data(), bytes);
      }
      if (bytes < buffer_.size() && !until_end) return;
    }
  }

  void take(int descriptor, Client& client, char* bytes, std::size_t size) {
    std::size_t used = 0;
    if (client.state == Client::State::asking) used = upgrade(descriptor, client, {bytes, size});
    out_.clear();
    while (client.state != Client::State::asking) {
      const FramePlaces frame = places_of(bytes + used, size - used);
      if (!frame.is_whole) break;
      append_unmasked(bytes + used, frame);
      used += frame.end;
    }
    if (used < size) client.rest = std::make_unique<std::string>(bytes + used, size - used);
    if (out_.empty()) return;
    if (client.state == Client::State::echoed) return write(descriptor, client, out_);
    for (const int other : relayed_) write(other, clients_[other], out_);
  }

  std::size_t upgrade(int descriptor, Client& client, std::string_view bytes) {
    const auto end = bytes.find("\r\n\r\n");
    if (end == std::string_view::npos) return 0;
    client.state = bytes.starts_with("GET /echo ") ? Client::State::echoed : Client::State::relayed;
    if (client.state == Client::State::relayed) {
      client.place = static_cast<std::uint32_t>(relayed_.size());
      relayed_.push_back(descriptor);
    }
    write(descriptor, client, answer);
    return end + 4;
  }

  // A server's frame is a client's without the mask and its bit.
  void append_unmasked(char* bytes, const FramePlaces& frame) {
    const char* const mask = bytes + frame.mask;
    char* const payload = bytes + frame.mask + 4;
    const std::size_t size = frame.end - frame.mask - 4;
    for (std::size_t at = 0; at < size; ++at) payload[at] ^= mask[at % 4];
    bytes[1] &= 127;
    out_.append(bytes, frame.mask);
    out_.append(payload, size);
  }

  void write(int descriptor, Client& client, std::string_view bytes) {
    if (!client.waiting) {
      const ssize_t sent = send(descriptor, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent == static_cast<ssize_t>(bytes.size())) return;
      if (sent < 0 && errno != EAGAIN) return;  // the end is read later
      if (sent > 0) bytes.remove_prefix(static_cast<std::size_t>(sent));
      client.waiting = std::make_unique<std::string>();
    }
    client.waiting->append(bytes);
  }

  void write_waiting(int descriptor, Client& client) {
    const std::unique_ptr<std::string> waiting = std::move(client.waiting);
    write(descriptor, client, *waiting);
  }

  void end(int descriptor, Client& client) {
    if (client.state == Client::State::relayed) {
      relayed_[client.place] = relayed_.back();
      clients_[relayed_[client.place]].place = client.place;
      relayed_.pop_back();
    }
    client = Client();
    close(descriptor);
  }

  int listener_, set_;
  std::deque<Client> clients_;  // by descriptor
  std::vector<int> relayed_;
  std::vector<char> buffer_;
  std::string out_;
};

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) {
    std::fputs("usage: sluice-bench-floor PORT\n", stderr);
    return 2;
  }
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  std::signal(SIGPIPE, SIG_IGN);
  Floor(static_cast<std::uint16_t>(std::atoi(arguments[1]))).run();
}
