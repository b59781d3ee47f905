#include "gateway/tls_transport.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <cstring>

#include "gateway/tls_failure.hpp"

namespace sluice::gateway {
namespace {

constexpr std::string_view not_here =
    "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\nContent-Length: 46\r\n\r\n"
    "This port speaks TLS: use https:// or wss://.\n";

// Empties the queue of errors and gives the first that is about TLS itself; those below it say less.
unsigned long take_error() {
  const unsigned long first = ERR_get_error();
  for (unsigned long error = first; error != 0; error = ERR_get_error()) {
    if (ERR_GET_LIB(error) != ERR_LIB_SSL) continue;
    ERR_clear_error();
    return error;
  }
  return first;
}

// Walks over pieces record by record.
class Records {
 public:
  Records(std::span<const iovec> pieces, std::span<char> scratch) : pieces_(pieces), scratch_(scratch) {}

  // The next bytes for one record: where they are, if that is one place, else gathered. Empty: there are no more.
  std::string_view next() {
    std::string_view piece = take(scratch_.size());
    if (piece.empty() || piece.size() == scratch_.size() || pieces_.empty()) return piece;
    std::size_t size = 0;
    for (; !piece.empty(); piece = take(scratch_.size() - size)) {
      std::memcpy(scratch_.data() + size, piece.data(), piece.size());
      size += piece.size();
    }
    return {scratch_.data(), size};
  }

 private:
  // Up to `bytes_max` bytes that lie in one place.
  std::string_view take(std::size_t bytes_max) {
    while (!pieces_.empty() && offset_ == pieces_.front().iov_len) skip();
    if (pieces_.empty() || bytes_max == 0) return {};
    const std::size_t size = std::min(bytes_max, pieces_.front().iov_len - offset_);
    const std::string_view bytes(static_cast<const char*>(pieces_.front().iov_base) + offset_, size);
    offset_ += size;
    while (!pieces_.empty() && offset_ == pieces_.front().iov_len) skip();
    return bytes;
  }
  void skip() {
    pieces_ = pieces_.subspan(1);
    offset_ = 0;
  }

  std::span<const iovec> pieces_;
  std::span<char> scratch_;
  std::size_t offset_ = 0;
};

}  // namespace

TlsTransport::TlsTransport(TlsWorker& worker, std::shared_ptr<const TlsCertificates> certificates)
    : worker_(&worker), socket_(worker.scratch()), ssl_(certificates->begin()), certificates_(std::move(certificates)) {
  BIO* const bio = socket_.make_bio().release();
  SSL_set_bio(ssl_.get(), bio, bio);
}

TlsTransport::~TlsTransport() = default;

void TlsTransport::move_to(TlsWorker& worker) {
  worker_ = &worker;
  socket_.use(worker.scratch());
}

// --- reading ---

workers::Transport::Progress TlsTransport::read(int descriptor, std::span<char> into) {
  socket_.begin(descriptor);
  std::size_t bytes = 0;
  const State state = read_into(into, bytes);
  return finish(state, bytes);
}

workers::Transport::State TlsTransport::read_into(std::span<char> into, std::size_t& bytes) {
  if (phase_ == Phase::failed) return State::failed;
  // OpenSSL's errors are the thread's, not the connection's.
  ERR_clear_error();
  while (bytes < into.size()) {
    std::size_t got = 0;
    const int result = SSL_read_ex(ssl_.get(), into.data() + bytes, into.size() - bytes, &got);
    if (phase_ == Phase::handshake && SSL_is_init_finished(ssl_.get()) == 1) on_handshake_done();
    if (result != 1) return after_failed_read(result);
    bytes += got;
  }
  return State::open;
}

workers::Transport::State TlsTransport::after_failed_read(int result) {
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      break;
    case SSL_ERROR_ZERO_RETURN:
      return State::ended;
    default:
      return socket_.is_broken() ? fail("the connection broke") : fail_with_library_error();
  }
  if (socket_.is_over_bound()) return State::open;
  if (!socket_.has_ended()) return State::blocked;
  if (phase_ == Phase::handshake) return fail("the client left before the TLS handshake was done");
  if (failure_.empty()) worker_->metrics().truncated.add();
  failure_ = "the client's stream ended without TLS's goodbye";
  return State::ended;
}

void TlsTransport::on_handshake_done() {
  phase_ = Phase::open;
  (SSL_session_reused(ssl_.get()) == 1 ? worker_->metrics().resumed_handshakes : worker_->metrics().full_handshakes)
      .add();
  certificates_.reset();
  // It was sent; OpenSSL would keep its copy for as long as the connection lives.
  SSL_set_tlsext_status_ocsp_resp(ssl_.get(), nullptr, 0);
}

// --- writing ---

workers::Transport::Progress TlsTransport::write(int descriptor, std::span<const iovec> pieces) {
  socket_.begin(descriptor);
  std::size_t bytes = 0;
  State state = flush();
  if (state == State::open && !pieces.empty()) state = write_records(pieces, bytes);
  return finish(state, bytes);
}

workers::Transport::State TlsTransport::write_records(std::span<const iovec> pieces, std::size_t& bytes) {
  if (phase_ == Phase::handshake) return fail("there was something to say before the TLS handshake was done");
  ERR_clear_error();
  Records records(pieces, worker_->scratch().record);
  for (std::string_view record = records.next(); !record.empty(); record = records.next()) {
    std::size_t written = 0;
    if (SSL_write_ex(ssl_.get(), record.data(), record.size(), &written) != 1) {
      return socket_.is_broken() ? fail("the connection broke") : fail_with_library_error();
    }
    bytes += written;
    if (socket_.has_pending()) return State::blocked;
  }
  return State::open;
}

workers::Transport::State TlsTransport::flush() {
  if (phase_ == Phase::failed) return State::failed;
  if (socket_.flush()) return State::open;
  return socket_.is_broken() ? fail("the connection broke") : State::blocked;
}

workers::Transport::Progress TlsTransport::end(int descriptor) {
  socket_.begin(descriptor);
  const bool has_said = (SSL_get_shutdown(ssl_.get()) & SSL_SENT_SHUTDOWN) != 0;
  if (phase_ == Phase::open && !has_said) {
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
    ERR_clear_error();
  }
  return finish(flush(), 0);
}

// --- endings ---

workers::Transport::State TlsTransport::fail(std::string_view why) {
  if (phase_ == Phase::handshake) worker_->metrics().failed_handshakes.add();
  phase_ = Phase::failed;
  failure_ = why;
  ERR_clear_error();
  return State::failed;
}

workers::Transport::State TlsTransport::fail_with_library_error() {
  const unsigned long error = take_error();
  if (phase_ == Phase::handshake && is_plain_http(error)) socket_.put(not_here.data(), not_here.size());
  return fail(tls_failure_words(error));
}

workers::Transport::Progress TlsTransport::finish(State state, std::size_t bytes) {
  const std::size_t socket_bytes = socket_.socket_bytes();
  socket_.end(state == State::open || state == State::blocked);
  return {state, bytes, socket_bytes};
}

}  // namespace sluice::gateway
