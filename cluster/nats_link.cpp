#include "cluster/nats_link.hpp"

#include <openssl/x509v3.h>

#include <array>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <optional>
#include <utility>

namespace sluice::cluster {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::size_t read_bytes_max = 65536;
// What a burst has needed is given back.
constexpr std::size_t outgoing_capacity_max = std::size_t{1} << 20;

base::Error lost(const std::string& what) { return base::fail(base::Errc::unavailable, what); }

// Alerts by which a server says what it thinks of our certificate, or of our having none (RFC 8446, 6.2).
bool is_about_our_certificate(const error_code& error) {
  if (error.category() != asio::error::get_ssl_category()) return false;
  switch (ERR_GET_REASON(static_cast<unsigned long>(error.value()))) {
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
    case SSL_R_TLSV1_ALERT_ACCESS_DENIED:
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
      return true;
    default:
      return false;
  }
}

base::Error lost(const error_code& error) {
  if (error == asio::error::eof || error == asio::ssl::error::stream_errors::stream_truncated) {
    return lost("the server closed the connection");
  }
  if (!is_about_our_certificate(error)) return lost(error.message());
  return base::fail(base::Errc::unauthenticated,
                    "the server does not accept our certificate, or that we show none: " + error.message());
}

}  // namespace

// Each pending call of Asio's holds the state, so that buffers and sockets outlive it; without a listener none of them
// does anything but end.
struct NatsLink::State {
  State(asio::io_context& loop, Listener& to) : listener(&to), resolver(loop), socket(loop) {}

  using Self = std::shared_ptr<State>;
  static void open(const Self& self, const std::string& host, std::uint16_t port);
  template <class Endpoints>
  static void connect(const Self& self, const Endpoints& endpoints);
  static void handshake(const Self& self);
  static void read(const Self& self);
  static void send(const Self& self);
  static void write(const Self& self);

  // The listener may end the link in what it is told.
  void lose(const base::Error& error) {
    if (Listener* const told = std::exchange(listener, nullptr)) told->on_lost(error);
  }
  void end() {
    listener = nullptr;
    resolver.cancel();
    error_code ignored;
    socket.close(ignored);
  }
  base::Error handshake_error(const error_code& error);

  Listener* listener;  // null: the link has ended
  tcp::resolver resolver;
  tcp::socket socket;
  std::shared_ptr<asio::ssl::context> context;
  std::optional<asio::ssl::stream<tcp::socket&>> tls;
  bool is_secured = false;
  std::string waiting, writing;
  bool is_posted = false, is_writing = false;
  std::array<char, read_bytes_max> incoming;
};

NatsLink::NatsLink(asio::io_context& loop, Listener& listener) : state_(std::make_shared<State>(loop, listener)) {}
NatsLink::~NatsLink() { state_->end(); }
void NatsLink::open(const std::string& host, std::uint16_t port) { State::open(state_, host, port); }
std::string& NatsLink::outgoing() { return state_->waiting; }
std::size_t NatsLink::outgoing_bytes() const { return state_->waiting.size() + state_->writing.size(); }
void NatsLink::send() { State::send(state_); }

void NatsLink::secure(std::shared_ptr<asio::ssl::context> context, const std::string& host) {
  State& state = *state_;
  state.context = std::move(context);
  state.tls.emplace(state.socket, *state.context);
  SSL* const ssl = state.tls->native_handle();
  error_code error;
  const bool is_address = (static_cast<void>(asio::ip::make_address(host, error)), !error);
  // OpenSSL checks the name itself (RFC 6125), so that a mismatch has a name of its own among its errors.
  if (is_address) {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host.c_str());
  } else {
    SSL_set1_host(ssl, host.c_str());
    SSL_set_tlsext_host_name(ssl, host.c_str());
  }
}

void NatsLink::State::open(const Self& self, const std::string& host, std::uint16_t port) {
  error_code error;
  if (const auto address = asio::ip::make_address(host, error); !error) {
    return connect(self, std::array<tcp::endpoint, 1>{tcp::endpoint(address, port)});
  }
  self->resolver.async_resolve(host, std::to_string(port), [self](const error_code& failed, const auto& found) {
    if (self->listener == nullptr) return;
    if (failed) return self->lose(lost("its name has no address: " + failed.message()));
    connect(self, found);
  });
}

template <class Endpoints>
void NatsLink::State::connect(const Self& self, const Endpoints& endpoints) {
  asio::async_connect(self->socket, endpoints, [self](const error_code& failed, const tcp::endpoint&) {
    if (self->listener == nullptr) return;
    if (failed) return self->lose(lost(failed));
    error_code ignored;
    self->socket.set_option(tcp::no_delay(true), ignored);
    self->listener->on_opened();
    read(self);
  });
}

void NatsLink::State::read(const Self& self) {
  if (self->listener == nullptr) return;
  if (self->tls && !self->is_secured) return handshake(self);
  const auto on_read = [self](const error_code& failed, std::size_t bytes) {
    if (self->listener == nullptr) return;
    if (failed) return self->lose(lost(failed));
    self->listener->on_bytes({self->incoming.data(), bytes});
    read(self);
  };
  if (self->is_secured) {
    self->tls->async_read_some(asio::buffer(self->incoming), on_read);
  } else {
    self->socket.async_read_some(asio::buffer(self->incoming), on_read);
  }
}

void NatsLink::State::handshake(const Self& self) {
  self->tls->async_handshake(asio::ssl::stream_base::client, [self](const error_code& failed) {
    if (self->listener == nullptr) return;
    if (failed) return self->lose(self->handshake_error(failed));
    self->is_secured = true;
    self->listener->on_secured();
    read(self);
  });
}

base::Error NatsLink::State::handshake_error(const error_code& error) {
  const long verdict = SSL_get_verify_result(tls->native_handle());
  if (verdict == X509_V_OK) return lost(error);
  return base::fail(base::Errc::unauthenticated,
                    std::string("the server's certificate is not accepted: ") + X509_verify_cert_error_string(verdict));
}

// One write for all that a turn appends: the write begins behind everything that the loop has ready by now.
void NatsLink::State::send(const Self& self) {
  if (self->is_posted || self->is_writing || self->waiting.empty()) return;
  self->is_posted = true;
  asio::post(self->socket.get_executor(), [self] {
    self->is_posted = false;
    if (self->listener != nullptr) write(self);
  });
}

void NatsLink::State::write(const Self& self) {
  self->is_writing = true;
  self->writing.clear();
  if (self->writing.capacity() > outgoing_capacity_max) self->writing.shrink_to_fit();
  std::swap(self->waiting, self->writing);
  const auto on_write = [self](const error_code& failed, std::size_t) {
    self->is_writing = false;
    self->writing.clear();
    if (self->listener == nullptr) return;
    // Why it cannot be written is told by what can be read: the server's last word may be waiting there.
    if (failed) return;
    if (!self->waiting.empty()) return write(self);
    self->listener->on_written();
  };
  if (self->is_secured) {
    asio::async_write(*self->tls, asio::buffer(self->writing), on_write);
  } else {
    asio::async_write(self->socket, asio::buffer(self->writing), on_write);
  }
}

}  // namespace sluice::cluster
