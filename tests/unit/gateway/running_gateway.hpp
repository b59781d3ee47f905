#pragma once
// A pool with a client port on loopback, for tests of what clients see; and a blocking client to see it with.

#include <netinet/tcp.h>
#include <poll.h>
#include <sys/time.h>

#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/log.hpp"
#include "gateway/client_port.hpp"
#include "gateway/options.hpp"
#include "tests/unit/gateway/client_frames.hpp"
#include "tests/unit/gateway/descriptor.hpp"
#include "workers/pool.hpp"

namespace sluice::gateway {

// No test waits longer than this for what must come.
inline constexpr std::chrono::seconds patience{30};

// Waits until `is_true`; false if that took too long.
template <class Condition>
bool wait_until(Condition&& is_true) {
  const auto end = std::chrono::steady_clock::now() + patience;
  while (!is_true()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::yield();
  }
  return true;
}

// A frame of text as TestClient::read_frame gives it.
inline std::string heard(const std::string& text) { return "\x81" + text; }

class RunningGateway {
 public:
  // Changes the options, then starts. Without changes: one worker, echo, every origin.
  explicit RunningGateway(const std::function<void(RunningGateway&)>& change = [](RunningGateway&) {}) {
    base::set_log_level(base::LogLevel::warning);
    worker_options.workers = 1;
    options.client_messages = ClientMessages::echo;
    options.allowed_origins = {"*"};
    options.share_port = true;
    // A client that waits in vain is to give up; pings would keep it waiting.
    options.ping_interval_seconds = std::chrono::hours(1);
    change(*this);
    holder_ = reserve_port(address);
    options.listen = {address};
    if (has_lines) {
      lines_holder_ = reserve_port(lines_address);
      sockets.listen_tcp = {lines_address};
    }
    if (has_udp) sockets.listen_udp = {address};
    port_ = std::make_unique<ClientPort>(options, std::nullopt, identity, no_limits, sockets, shared());
    pool = std::make_unique<workers::Pool>(worker_options, incarnation, 0xc0ffee, *port_, *backend, *broker);
    port_->open(*pool);
    pool->start();
  }
  ~RunningGateway() { stop(); }

  // Ends its threads, if it has not yet.
  void stop() {
    release();
    pool->stop();
  }

  // Keeps the worker busy until release(). Returns once it is.
  void block(std::uint16_t worker) {
    std::promise<void> began;
    const bool is_posted = pool->post(base::WorkerId{worker}, [&began, until = released_](workers::Worker&) {
      began.set_value();
      until.wait();
    });
    if (is_posted) began.get_future().wait();
  }
  void release() {
    if (!is_released_) release_.set_value();
    is_released_ = true;
  }
  // Does on each worker what is done once a second.
  void pass_second() {
    for (std::size_t worker = 0; worker < pool->worker_count(); ++worker) {
      std::promise<void> done;
      const bool is_posted =
          pool->post(base::WorkerId{static_cast<std::uint16_t>(worker)}, [&](workers::Worker& there) {
            port_->on_second(there);
            done.set_value();
          });
      if (is_posted) done.get_future().wait();
    }
  }
  const workers::Metrics& metrics(std::uint16_t worker = 0) const { return pool->metrics(base::WorkerId{worker}); }
  std::uint64_t closed(workers::EndReason reason, std::uint16_t worker = 0) const {
    return metrics(worker).closed[static_cast<std::size_t>(reason)].read();
  }

  Options options;
  SocketOptions sockets;
  ClientIdentity identity = {};  // what it refers to outlives this
  bool has_udp = false;          // datagrams are taken on the same port, by number
  bool has_lines = false;        // lines are taken, at a port of their own
  // Both outlive this.
  workers::Backend* backend = &workers::NoBackend::instance();
  workers::Broker* broker = &workers::EmbeddedBroker::instance();
  workers::Options worker_options;
  std::uint32_t incarnation = 0x9f31c2d0;
  std::string secret;               // the same for nodes that are one cluster; empty: it is alone
  workers::Peers* peers = nullptr;  // whom it has in that; outlives it
  workers::SessionStore* sessions = nullptr;
  base::Address address = base::Address::parse("127.0.0.1:0").value(), lines_address = address;
  std::unique_ptr<workers::Pool> pool;

 private:
  SharedParts shared() const {
    if (peers == nullptr) return {};
    if (sessions == nullptr) return {.seals = Seals(secret), .peers = *peers};
    return {.seals = Seals(secret), .peers = *peers, .sessions = *sessions};
  }
  // Only the log tells which port was taken, so one is held by a socket that does not listen, and shared.
  static Descriptor reserve_port(base::Address& address) {
    Descriptor holder(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const int yes = 1;
    setsockopt(holder.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    setsockopt(holder.get(), SOL_SOCKET, SO_REUSEPORT, &yes, sizeof yes);
    sockaddr_storage storage{};
    socklen_t bytes = sizeof storage;
    if (bind(holder.get(), address.socket_address(), address.socket_address_bytes()) == 0 &&
        getsockname(holder.get(), reinterpret_cast<sockaddr*>(&storage), &bytes) == 0) {
      address = base::Address::from(storage);
    }
    return holder;
  }

  Descriptor holder_, lines_holder_;
  std::unique_ptr<ClientPort> port_;
  std::promise<void> release_;
  std::shared_future<void> released_{release_.get_future()};
  bool is_released_ = false;
};

class TestClient {
 public:
  explicit TestClient(const RunningGateway& gateway) : TestClient(gateway.address) {}
  explicit TestClient(const base::Address& address) : socket_(connect_to(address)) {
    const timeval limit{patience.count(), 0};
    setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    const int yes = 1;
    setsockopt(socket_.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  }

  static std::string upgrade(const std::string& target) {
    return "GET " + target +
           " HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
           "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
  }
  // Becomes a WebSocket; gives the answer's status line.
  std::string open(const std::string& target = "/ws") {
    send(upgrade(target));
    return read_head();
  }

  // False if the gateway has closed.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  void end_sending() { shutdown(socket_.get(), SHUT_WR); }

  // Reads up to the empty line; gives the first line.
  std::string read_head() {
    std::size_t end;
    while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
      if (!read_more()) return "closed behind: " + buffer_;
    }
    std::string line = buffer_.substr(0, buffer_.find("\r\n"));
    buffer_.erase(0, end + 4);
    return line;
  }
  // Reads up to where `end` is for the first time, which is the last of what it gives; nothing if the gateway closed
  // before.
  std::string read_until(std::string_view end) {
    while (buffer_.find(end) == std::string::npos) {
      if (!read_more()) return {};
    }
    std::string piece = buffer_.substr(0, buffer_.find(end) + end.size());
    buffer_.erase(0, piece.size());
    return piece;
  }
  // Reads one line, without its end.
  std::string read_line() {
    std::string line = read_until("\n");
    if (!line.empty()) line.pop_back();
    return line;
  }
  // Reads until the gateway closes.
  std::string read_all() {
    while (read_more()) continue;
    return std::exchange(buffer_, {});
  }
  // Reads one frame: its first byte and its payload; nothing but "" if the gateway closed instead. Pings are answered.
  std::string read_frame() {
    while (true) {
      std::string frame = read_any_frame();
      if (frame.empty() || frame[0] != '\x89') return frame;
      send(pong_frame(std::string_view(frame).substr(1)));
    }
  }
  // The same, without answering pings.
  std::string read_any_frame() {
    std::size_t head = 2;
    const auto byte = [this](std::size_t at) { return static_cast<unsigned char>(buffer_[at]); };
    if (!fill(head)) return {};
    std::size_t length = byte(1);
    if (length >= 126) {
      head = length == 126 ? 4 : 10;
      if (!fill(head)) return {};
      length = 0;
      for (std::size_t at = 2; at < head; ++at) length = length << 8 | byte(at);
    }
    if (!fill(head + length)) return {};
    std::string frame = buffer_.substr(0, 1) + buffer_.substr(head, length);
    buffer_.erase(0, head + length);
    return frame;
  }

 private:
  bool read_more() {
    char piece[65536];
    const ssize_t got = recv(socket_.get(), piece, sizeof piece, 0);
    if (got > 0) buffer_.append(piece, static_cast<std::size_t>(got));
    return got > 0;
  }
  bool fill(std::size_t bytes) {
    while (buffer_.size() < bytes) {
      if (!read_more()) return false;
    }
    return true;
  }

  Descriptor socket_;
  std::string buffer_;
};

}  // namespace sluice::gateway
