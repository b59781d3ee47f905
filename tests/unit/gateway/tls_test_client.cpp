#include "tests/unit/gateway/tls_test_client.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

#include "base/assert.hpp"

namespace sluice::gateway {

void SessionFree::operator()(ssl_session_st* session) const { SSL_SESSION_free(session); }

// --- the client ---

TlsTestClient::TlsTestClient(const Wishes& wishes) : context_(SSL_CTX_new(TLS_client_method())) {
  SSL_CTX_set_session_cache_mode(context_.get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_set_app_data(context_.get(), this);
  SSL_CTX_sess_set_new_cb(context_.get(), on_session);
  SSL_CTX_set_security_level(context_.get(), 0);
  ssl_.reset(SSL_new(context_.get()));
  SSL_set_min_proto_version(ssl_.get(), wishes.version);
  SSL_set_max_proto_version(ssl_.get(), wishes.version);
  if (!wishes.name.empty()) SSL_set_tlsext_host_name(ssl_.get(), wishes.name.c_str());
  if (!wishes.protocols.empty()) {
    SSL_set_alpn_protos(ssl_.get(), reinterpret_cast<const unsigned char*>(wishes.protocols.data()),
                        static_cast<unsigned>(wishes.protocols.size()));
  }
  if (wishes.asks_for_staple) SSL_set_tlsext_status_type(ssl_.get(), TLSEXT_STATUSTYPE_ocsp);
  if (!wishes.ciphers.empty()) SLUICE_ASSERT(SSL_set_cipher_list(ssl_.get(), wishes.ciphers.c_str()) == 1);
  if (!wishes.groups.empty()) SLUICE_ASSERT(SSL_set1_groups_list(ssl_.get(), wishes.groups.c_str()) == 1);
  if (wishes.session != nullptr) SSL_set_session(ssl_.get(), wishes.session);
  SSL_set_bio(ssl_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
  SSL_set_connect_state(ssl_.get());
}

TlsTestClient::~TlsTestClient() = default;

int TlsTestClient::on_session(ssl_st* ssl, ssl_session_st* session) {
  static_cast<TlsTestClient*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)))->newest_.reset(session);
  return 1;  // ours now
}

void TlsTestClient::advance() {
  ERR_clear_error();
  if (!from_network.empty()) {
    BIO_write(SSL_get_rbio(ssl_.get()), from_network.data(), static_cast<int>(from_network.size()));
    from_network.clear();
  }
  char plain[16384];
  while (!has_failed_) {
    const int got = SSL_read(ssl_.get(), plain, sizeof plain);
    if (got > 0) {
      received.append(plain, static_cast<std::size_t>(got));
      reads.push_back(static_cast<std::size_t>(got));
      continue;
    }
    const int error = SSL_get_error(ssl_.get(), got);
    has_failed_ = error != SSL_ERROR_WANT_READ && error != SSL_ERROR_ZERO_RETURN;
    break;
  }
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(SSL_get_wbio(ssl_.get()), &bytes);
  to_network.append(bytes, static_cast<std::size_t>(size));
  BIO_reset(SSL_get_wbio(ssl_.get()));
}

bool TlsTestClient::is_connected() const { return SSL_is_init_finished(ssl_.get()) == 1; }
bool TlsTestClient::saw_goodbye() const { return (SSL_get_shutdown(ssl_.get()) & SSL_RECEIVED_SHUTDOWN) != 0; }

void TlsTestClient::write(std::string_view bytes) {
  ERR_clear_error();
  SLUICE_ASSERT(SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size())) == static_cast<int>(bytes.size()));
}

void TlsTestClient::say_goodbye() { SSL_shutdown(ssl_.get()); }

std::string TlsTestClient::protocol() const {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl_.get(), &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

std::string TlsTestClient::server_name() const {
  char name[256] = "";
  X509* const certificate = SSL_get0_peer_certificate(ssl_.get());
  if (certificate != nullptr) {
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name, sizeof name);
  }
  return name;
}

std::string TlsTestClient::staple() const {
  const unsigned char* bytes = nullptr;
  const long size = SSL_get_tlsext_status_ocsp_resp(ssl_.get(), &bytes);
  return size <= 0 ? std::string() : std::string(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
}

int TlsTestClient::version() const { return SSL_version(ssl_.get()); }
bool TlsTestClient::is_resumed() const { return SSL_session_reused(ssl_.get()) == 1; }

SessionHandle TlsTestClient::session() {
  // Of tickets that renew a session, OpenSSL's client tells with TLS 1.3 only.
  return version() == TLS1_3_VERSION ? std::move(newest_) : SessionHandle(SSL_get1_session(ssl_.get()));
}

// --- the link ---

TlsTestLink::TlsTestLink(TlsWorker& worker, const TlsTestClient::Wishes& wishes, int send_bytes)
    : transport(worker.make_transport()), client(wishes) {
  int ends[2];
  SLUICE_ASSERT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
  descriptor = ends[0];
  client_descriptor = ends[1];
  if (send_bytes > 0) setsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &send_bytes, sizeof send_bytes);
}

TlsTestLink::~TlsTestLink() {
  close(descriptor);
  if (client_descriptor >= 0) close(client_descriptor);
}

bool TlsTestLink::send_to_server(std::size_t bytes_max) {
  client.advance();
  const std::size_t size = std::min(bytes_max, client.to_network.size());
  if (size == 0) return false;
  const ssize_t sent = send(client_descriptor, client.to_network.data(), size, MSG_NOSIGNAL);
  if (sent <= 0) return false;
  client.to_network.erase(0, static_cast<std::size_t>(sent));
  return true;
}

bool TlsTestLink::receive_from_server(std::size_t bytes_max) {
  std::string bytes(bytes_max, '\0');
  const ssize_t taken = recv(client_descriptor, bytes.data(), bytes.size(), 0);
  if (taken <= 0) return false;
  client.from_network.assign(bytes, 0, static_cast<std::size_t>(taken));
  client.advance();
  return true;
}

void TlsTestLink::run(std::size_t bytes_max) {
  for (bool moves = true; moves;) {
    moves = send_to_server(bytes_max);
    read();
    moves = receive_from_server(bytes_max) || moves;
    if (transport->has_pending()) moves = flush().socket_bytes > 0 || moves;
  }
}

void TlsTestLink::run_to_server() {
  while (send_to_server(1 << 20)) read();
}

TlsTestLink::Progress TlsTestLink::read(std::size_t into_bytes) {
  std::string into(into_bytes, '\0');
  std::size_t bytes = 0, socket_bytes = 0;
  do {
    last = transport->read(descriptor, into);
    received.append(into, 0, last.bytes);
    bytes += last.bytes;
    socket_bytes += last.socket_bytes;
  } while (last.state == State::open);
  return last = {last.state, bytes, socket_bytes};
}

TlsTestLink::Progress TlsTestLink::write(std::string_view bytes) {
  return write(std::vector<std::string>{std::string(bytes)});
}

TlsTestLink::Progress TlsTestLink::write(const std::vector<std::string>& pieces) {
  std::vector<iovec> all;
  all.reserve(pieces.size());
  for (const std::string& piece : pieces) all.push_back({const_cast<char*>(piece.data()), piece.size()});
  return transport->write(descriptor, all);
}

void TlsTestLink::close_client(bool with_unread) {
  if (!with_unread) {
    char bytes[65536];
    while (recv(client_descriptor, bytes, sizeof bytes, 0) > 0) continue;
  }
  close(client_descriptor);
  client_descriptor = -1;
}

void TlsTestLink::send_raw(std::string_view bytes) {
  SLUICE_ASSERT(send(client_descriptor, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
                static_cast<ssize_t>(bytes.size()));
}

std::string TlsTestLink::receive_raw() {
  std::string bytes(65536, '\0');
  const ssize_t taken = recv(client_descriptor, bytes.data(), bytes.size(), 0);
  return taken <= 0 ? std::string() : bytes.substr(0, static_cast<std::size_t>(taken));
}

}  // namespace sluice::gateway
