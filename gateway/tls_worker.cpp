#include "gateway/tls_worker.hpp"

#include "gateway/tls_transport.hpp"

namespace sluice::gateway {

std::unique_ptr<workers::Transport> TlsWorker::make_transport() {
  return std::make_unique<TlsTransport>(*this, certificates_.get());
}

}  // namespace sluice::gateway
