#pragma once
// WorkerContext: what all of one worker's wires share. Belongs to that worker once it runs.

#include <string>
#include <vector>

#include "gateway/authenticator.hpp"
#include "gateway/client_address.hpp"
#include "gateway/client_counts.hpp"
#include "gateway/deflater.hpp"
#include "gateway/inflater.hpp"
#include "gateway/options.hpp"
#include "gateway/peer_exchanges.hpp"
#include "gateway/preparations.hpp"
#include "gateway/recovery.hpp"
#include "gateway/sealed_id.hpp"
#include "gateway/verdicts.hpp"
#include "workers/metrics.hpp"
#include "workers/namespaces.hpp"

namespace sluice::workers {
class Worker;
}  // namespace sluice::workers

namespace sluice::gateway {

class PeerSessions;
struct WorkerContext;

// Whose context is whose.
class Contexts {
 public:
  virtual ~Contexts() = default;
  // On the thread of `worker`.
  virtual WorkerContext& context_of(workers::Worker& worker) = 0;
};

struct WorkerContext {
  // All outlive this. `metrics` are the worker's.
  WorkerContext(const Options& options_of, const ClientIdentity& identity, workers::Namespaces& namespaces_of,
                const Seals& seals_of, Contexts& contexts_of, workers::Metrics& metrics_of, ClientCounts& counts_of,
                const TrustedProxies& trusted, PeerSessions& sessions_of_peers)
      : options(options_of),
        namespaces(namespaces_of),
        seals(seals_of),
        contexts(contexts_of),
        metrics(metrics_of),
        counts(counts_of),
        trusted_proxies(trusted),
        peer_sessions(sessions_of_peers),
        authenticator(options_of, identity),
        recovery(options_of.recovery_sockets_max, options_of.recovery_seconds),
        verdicts(options_of.connect_verdict_seconds_max),
        deflater(static_cast<int>(options_of.compression_level)) {}

  const Options& options;
  workers::Namespaces& namespaces;
  const Seals& seals;
  Contexts& contexts;  // of all workers
  workers::Metrics& metrics;
  ClientCounts& counts;  // of all workers
  const TrustedProxies& trusted_proxies;
  PeerSessions& peer_sessions;  // of all workers
  Authenticator authenticator;
  Recovery recovery;
  PeerExchanges peer_exchanges;
  Verdicts verdicts;
  Preparations preparations;
  SharedDeflater deflater;                                      // for messages that stand alone
  Inflater inflater{rfc7692::window_bits_max, Context::fresh};  // likewise
  std::string inflated, deflated;                               // scratch of one call, kept for its memory
};

}  // namespace sluice::gateway
