#pragma once
// What one worker counts about TLS.

#include "base/cell.hpp"

namespace sluice::gateway {

struct TlsMetrics {
  base::Cell full_handshakes;     // that were done, with a certificate
  base::Cell resumed_handshakes;  // that were done, with a ticket
  base::Cell failed_handshakes;   // ended by a fault or by the client's leaving; a deadline's are not seen here
  base::Cell truncated;           // the client's stream ended without the goodbye that TLS has for it
};

}  // namespace sluice::gateway
