#include "gateway/tls_worker.hpp"

#include "gateway/tls_transport.hpp"

namespace sluice::gateway {

std::unique_ptr<workers::Transport> TlsWorker::make_transport() {
  return std::make_unique<TlsTransport>(*this, certificates_.get());
}

void TlsWorker::note_expiry() {
  const auto until = certificates_.get()->valid_until().time_since_epoch();
  metrics_.certificate_expires.set(
      static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(until).count()));
}

}  // namespace sluice::gateway
