#pragma once
// How we speak TLS to NATS servers: whom we trust and what we show.

#include <memory>

#include "base/result.hpp"
#include "cluster/nats_settings.hpp"

namespace boost::asio::ssl {
class context;
}

namespace sluice::cluster {

// TLS 1.2 or newer; a server's chain is checked. Errc::bad_request names the file that cannot be used and says why.
base::Result<std::shared_ptr<boost::asio::ssl::context>> make_tls_context(const NatsTls& tls);

}  // namespace sluice::cluster
