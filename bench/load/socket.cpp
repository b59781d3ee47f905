#include "bench/load/socket.hpp"

#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>
#include <system_error>

namespace sluice::bench {

TlsContext::TlsContext() : context_(SSL_CTX_new(TLS_client_method())) {
  if (context_ == nullptr) throw std::runtime_error("OpenSSL does not start");
  SSL_CTX_set_verify(context_, SSL_VERIFY_NONE, nullptr);
  SSL_CTX_set_mode(context_,
                   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
}

TlsContext::~TlsContext() { SSL_CTX_free(context_); }

Socket::Status Socket::connect(const sockaddr_in& server, in_addr_t source) {
  descriptor_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor_ < 0) throw std::system_error(errno, std::generic_category(), "socket");
  const int on = 1;
  setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (source != 0) {
    setsockopt(descriptor_, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = source;
    if (bind(descriptor_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      throw std::system_error(errno, std::generic_category(), "bind");
    }
  }
  if (::connect(descriptor_, reinterpret_cast<const sockaddr*>(&server), sizeof server) == 0) return Status::done;
  return errno == EINPROGRESS ? Status::again : Status::ended;
}

bool Socket::is_connected() const {
  int problem = 0;
  socklen_t size = sizeof problem;
  return getsockopt(descriptor_, SOL_SOCKET, SO_ERROR, &problem, &size) == 0 && problem == 0;
}

Socket::Status Socket::secure(const TlsContext* context) {
  if (context == nullptr) return Status::done;
  if (tls_ == nullptr) {
    tls_ = SSL_new(context->get());
    if (tls_ == nullptr) return Status::ended;
    SSL_set_fd(tls_, descriptor_);
    SSL_set_connect_state(tls_);
  }
  ERR_clear_error();
  const int result = SSL_do_handshake(tls_);
  return result == 1 ? Status::done : status_of(result);
}

Socket::Moved Socket::read(std::span<char> into) {
  if (tls_ != nullptr) {
    std::size_t bytes = 0;
    ERR_clear_error();
    const int result = SSL_read_ex(tls_, into.data(), into.size(), &bytes);
    return {result == 1 ? Status::done : status_of(result), bytes};
  }
  const ssize_t got = recv(descriptor_, into.data(), into.size(), 0);
  if (got > 0) return {Status::done, static_cast<std::size_t>(got)};
  return {got < 0 && errno == EAGAIN ? Status::again : Status::ended, 0};
}

Socket::Moved Socket::write(std::string_view bytes) {
  if (tls_ != nullptr) {
    std::size_t written = 0;
    ERR_clear_error();
    const int result = SSL_write_ex(tls_, bytes.data(), bytes.size(), &written);
    return {result == 1 ? Status::done : status_of(result), written};
  }
  const ssize_t sent = send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (sent >= 0) return {Status::done, static_cast<std::size_t>(sent)};
  return {errno == EAGAIN ? Status::again : Status::ended, 0};
}

void Socket::close() {
  if (descriptor_ < 0) return;
  SSL_free(tls_);
  tls_ = nullptr;
  const linger reset{1, 0};
  setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  ::close(descriptor_);
  descriptor_ = -1;
}

Socket::Status Socket::status_of(int result) const {
  const int reason = SSL_get_error(tls_, result);
  return reason == SSL_ERROR_WANT_READ || reason == SSL_ERROR_WANT_WRITE ? Status::again : Status::ended;
}

}  // namespace sluice::bench
