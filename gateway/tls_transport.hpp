#pragma once
// TlsTransport: the server's side of one TLS connection, between a wire and a non-blocking socket. The handshake
// happens inside read(). Idle, it keeps OpenSSL's state and no buffer. Belongs to one worker.

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "gateway/tls_certificates.hpp"
#include "gateway/tls_handles.hpp"
#include "gateway/tls_socket.hpp"
#include "gateway/tls_worker.hpp"
#include "workers/transport.hpp"

namespace sluice::gateway {

class TlsTransport final : public workers::Transport {
 public:
  // Throws std::bad_alloc.
  TlsTransport(TlsWorker& worker, std::shared_ptr<const TlsCertificates> certificates);
  ~TlsTransport() override;

  // The connection goes on at another worker, on whose thread this is called.
  void move_to(TlsWorker& worker);
  // A client whose stream ends without TLS's goodbye has `ended`, too, once the handshake is done: the wires' own
  // protocols tell whether something is missing. failure() then says so.
  Progress read(int descriptor, std::span<char> into) override;
  // Puts up to 16 KiB into a record and stops at the first that the socket does not take whole. Fails before the
  // handshake is done: there is no way to say anything yet.
  Progress write(int descriptor, std::span<const iovec> pieces) override;
  bool has_pending() const override { return socket_.has_pending(); }
  Progress end(int descriptor) override;
  std::string_view failure() const override { return failure_; }

 private:
  enum class Phase : std::uint8_t { handshake, open, failed };

  State read_into(std::span<char> into, std::size_t& bytes);
  State after_failed_read(int result);
  State write_records(std::span<const iovec> pieces, std::size_t& bytes);
  State flush();
  State fail(std::string_view why);
  State fail_with_library_error();
  void on_handshake_done();
  Progress finish(State state, std::size_t bytes);

  TlsWorker* worker_;
  TlsSocket socket_;
  SslHandle ssl_;                                        // ends before the socket that it reads
  std::shared_ptr<const TlsCertificates> certificates_;  // until the handshake is done
  std::string_view failure_;                             // of the program's own texts, so it lives on
  Phase phase_ = Phase::handshake;
};

}  // namespace sluice::gateway
