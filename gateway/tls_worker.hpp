#pragma once
// TlsWorker: what the TLS connections of one worker share, and what makes them. Belongs to that worker.

#include <memory>

#include "base/snapshot.hpp"
#include "gateway/tls_certificates.hpp"
#include "gateway/tls_socket.hpp"
#include "workers/metrics.hpp"
#include "workers/transport.hpp"

namespace sluice::gateway {

class TlsWorker {
 public:
  // Both outlive this. `metrics` are the worker's.
  TlsWorker(const base::Snapshot<TlsCertificates>& certificates, workers::TlsMetrics& metrics)
      : certificates_(certificates), metrics_(metrics) {}
  TlsWorker(const TlsWorker&) = delete;
  TlsWorker& operator=(const TlsWorker&) = delete;

  // Makes the transport of a socket that was just accepted, with the certificates of this moment; it does not outlive
  // this. Throws std::bad_alloc.
  std::unique_ptr<workers::Transport> make_transport();

  // Puts into the metrics when the certificates of this moment expire.
  void note_expiry();
  workers::TlsMetrics& metrics() { return metrics_; }
  TlsScratch& scratch() { return scratch_; }

 private:
  base::Snapshot<TlsCertificates>::Reader certificates_;
  workers::TlsMetrics& metrics_;
  TlsScratch scratch_;
};

}  // namespace sluice::gateway
