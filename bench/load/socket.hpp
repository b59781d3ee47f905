#pragma once
// Socket: one TCP connection to the server, with TLS or without, that never blocks.

#include <netinet/in.h>

#include <cstddef>
#include <span>
#include <string_view>

using SSL = struct ssl_st;
using SSL_CTX = struct ssl_ctx_st;

namespace sluice::bench {

// What all TLS connections share. Takes any certificate: the server is ours.
class TlsContext {
 public:
  TlsContext();
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  SSL_CTX* get() const { return context_; }

 private:
  SSL_CTX* context_;
};

class Socket {
 public:
  enum class Status { done, again, ended };
  struct Moved {
    Status status;
    std::size_t bytes;
  };

  Socket() = default;
  ~Socket() { close(); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  // Starts to connect from `source` (0: any). Throws std::system_error if there is no socket to be had.
  Status connect(const sockaddr_in& server, in_addr_t source);
  // Whether the TCP connection came about, once it is writable.
  bool is_connected() const;
  // Runs TLS's handshake; done at once without TLS.
  Status secure(const TlsContext* context);
  // Less than asked for means that there is no more for now, without TLS.
  Moved read(std::span<char> into);
  Moved write(std::string_view bytes);
  // Ends the connection; with a reset if it was not ended before, so that no port is left waiting.
  void close();

  int descriptor() const { return descriptor_; }
  bool is_secure() const { return tls_ != nullptr; }

 private:
  Status status_of(int result) const;

  int descriptor_ = -1;
  SSL* tls_ = nullptr;
};

}  // namespace sluice::bench
