#pragma once
// A client that blocks, for at most half a minute at a time.

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <string_view>
#include <utility>

#include "base/address.hpp"

namespace sluice::workers {

class LineClient {
 public:
  LineClient() : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const timeval most{30, 0};
    setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &most, sizeof most);
    setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &most, sizeof most);
  }
  explicit LineClient(const base::Address& address) : LineClient() { EXPECT_TRUE(connect(address)); }
  ~LineClient() { close(); }
  LineClient(LineClient&& other) noexcept : socket_(std::exchange(other.socket_, -1)), read_(std::move(other.read_)) {}
  LineClient& operator=(LineClient&&) = delete;

  bool connect(const base::Address& address) const {
    return ::connect(socket_, address.socket_address(), address.socket_address_bytes()) == 0;
  }
  void send(std::string_view text) const {
    while (!text.empty()) {
      const ssize_t sent = ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
      ASSERT_GT(sent, 0);
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  // Sends what the kernel takes now; how much that was.
  std::size_t send_some(std::string_view text) const {
    std::size_t total = 0;
    for (ssize_t sent = 0; !text.empty(); total += static_cast<std::size_t>(sent)) {
      sent = ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent <= 0) break;
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
    return total;
  }
  // The next line without its end; "(closed)" if the stream ended before, "(nothing)" if none came in time.
  std::string line() {
    while (true) {
      const auto end = read_.find('\n');
      if (end != std::string::npos) {
        std::string line = read_.substr(0, end);
        read_.erase(0, end + 1);
        return line;
      }
      const ssize_t got = receive();
      if (got <= 0) return got == 0 || errno == ECONNRESET ? "(closed)" : "(nothing)";
    }
  }
  // Everything until the end of the stream; what says otherwise stands at the end.
  std::string rest() {
    ssize_t got = 0;
    while ((got = receive()) > 0) {
    }
    return std::exchange(read_, {}) + (got == 0 ? "" : "(not closed)");
  }
  void half_close() const { shutdown(socket_, SHUT_WR); }
  void reset() {
    const linger now{1, 0};
    setsockopt(socket_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close();
  }
  void close() {
    if (socket_ >= 0) ::close(std::exchange(socket_, -1));
  }

 private:
  ssize_t receive() {
    char bytes[16384];
    const ssize_t got = recv(socket_, bytes, sizeof bytes, 0);
    if (got > 0) read_.append(bytes, static_cast<std::size_t>(got));
    return got;
  }

  int socket_;
  std::string read_;
};

}  // namespace sluice::workers
