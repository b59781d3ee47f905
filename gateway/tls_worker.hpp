#pragma once
// TlsWorker: what the TLS connections of one worker share, and what makes them. Belongs to that worker; the const
// metrics() are for any thread.

#include <memory>

#include "base/snapshot.hpp"
#include "gateway/tls_certificates.hpp"
#include "gateway/tls_metrics.hpp"
#include "gateway/tls_socket.hpp"
#include "workers/transport.hpp"

namespace sluice::gateway {

class TlsWorker {
 public:
  // `certificates` outlive this.
  explicit TlsWorker(const base::Snapshot<TlsCertificates>& certificates) : certificates_(certificates) {}
  TlsWorker(const TlsWorker&) = delete;
  TlsWorker& operator=(const TlsWorker&) = delete;

  // Makes the transport of a socket that was just accepted, with the certificates of this moment; it does not outlive
  // this. Throws std::bad_alloc.
  std::unique_ptr<workers::Transport> make_transport();

  TlsMetrics& metrics() { return metrics_; }
  const TlsMetrics& metrics() const { return metrics_; }
  TlsScratch& scratch() { return scratch_; }

 private:
  base::Snapshot<TlsCertificates>::Reader certificates_;
  TlsMetrics metrics_;
  TlsScratch scratch_;
};

}  // namespace sluice::gateway
