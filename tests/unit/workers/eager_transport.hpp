#pragma once
// A transport that turns each bit over, for tests: it reads until the socket has nothing more, so that the last bytes
// come together with the end, and takes a record at a time, which waits inside while the socket is full.

#include <sys/socket.h>

#include <cerrno>
#include <string>

#include "workers/transport.hpp"

namespace sluice::workers {

inline void turn_over(std::span<char> bytes) {
  for (char& byte : bytes) byte = static_cast<char>(~byte);
}

class EagerTransport : public Transport {
 public:
  static constexpr std::size_t record_bytes = 1000;

  Progress read(int descriptor, std::span<char> into) override {
    std::size_t bytes = 0;
    while (bytes < into.size()) {
      const ssize_t got = recv(descriptor, into.data() + bytes, into.size() - bytes, MSG_DONTWAIT);
      if (got <= 0) return {got == 0 ? State::ended : errno == EAGAIN ? State::blocked : State::failed, bytes, bytes};
      turn_over(into.subspan(bytes, static_cast<std::size_t>(got)));
      bytes += static_cast<std::size_t>(got);
    }
    return {State::open, bytes, bytes};
  }
  Progress write(int descriptor, std::span<const iovec> pieces) override {
    Progress put;
    for (std::size_t piece = 0, at = 0; flush(descriptor, put); at += pending_.size(), put.bytes += pending_.size()) {
      while (piece < pieces.size() && at == pieces[piece].iov_len) ++piece, at = 0;
      if (piece == pieces.size()) return put;
      const std::size_t size = std::min(record_bytes, pieces[piece].iov_len - at);
      pending_.assign(static_cast<const char*>(pieces[piece].iov_base) + at, size);
      turn_over(pending_);
    }
    return put;
  }
  bool has_pending() const override { return !pending_.empty(); }
  Progress end(int descriptor) override {
    Progress put;
    flush(descriptor, put);
    return put;
  }
  std::string_view failure() const override { return {}; }

 private:
  // False while something waits.
  bool flush(int descriptor, Progress& put) {
    while (!pending_.empty()) {
      const ssize_t sent = send(descriptor, pending_.data(), pending_.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
      if (sent < 0) put.state = errno == EAGAIN ? State::blocked : State::failed;
      if (sent < 0) return false;
      put.socket_bytes += static_cast<std::size_t>(sent);
      pending_.erase(0, static_cast<std::size_t>(sent));
    }
    return true;
  }

  std::string pending_;  // turned over, not yet with the socket
};

}  // namespace sluice::workers
