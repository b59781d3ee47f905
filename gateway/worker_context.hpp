#pragma once
// WorkerContext: what all of one worker's wires share. Belongs to that worker once it runs.

#include <functional>
#include <string>
#include <vector>

#include "gateway/authenticator.hpp"
#include "gateway/client_address.hpp"
#include "gateway/client_counts.hpp"
#include "gateway/contexts.hpp"
#include "gateway/deflater.hpp"
#include "gateway/inflater.hpp"
#include "gateway/moved_connections.hpp"
#include "gateway/options.hpp"
#include "gateway/peer_exchanges.hpp"
#include "gateway/preparations.hpp"
#include "gateway/recovery.hpp"
#include "gateway/sealed_id.hpp"
#include "gateway/socket_records.hpp"
#include "gateway/verdicts.hpp"
#include "workers/metrics.hpp"
#include "workers/namespaces.hpp"

namespace sluice::workers {
class Worker;
}  // namespace sluice::workers

namespace sluice::gateway {

class PeerSessions;
class SessionMoves;
class SocketClaims;
class SocketStore;

struct WorkerContext {
  // All outlive this. `metrics` are the worker's.
  WorkerContext(const Options& options_of, const ClientIdentity& identity, workers::Namespaces& namespaces_of,
                const Seals& seals_of, Contexts& contexts_of, workers::Metrics& metrics_of, ClientCounts& counts_of,
                const TrustedProxies& trusted, PeerSessions& sessions_of_peers, const SocketStore& socket_store,
                SocketClaims& claims, SessionMoves& moves)
      : options(options_of),
        namespaces(namespaces_of),
        seals(seals_of),
        contexts(contexts_of),
        metrics(metrics_of),
        counts(counts_of),
        trusted_proxies(trusted),
        peer_sessions(sessions_of_peers),
        socket_claims(claims),
        session_moves(moves),
        authenticator(options_of, identity),
        recovery(options_of.recovery_sockets_max, options_of.recovery_seconds),
        socket_records(socket_store, contexts_of),
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
  SocketClaims& socket_claims;  // likewise
  SessionMoves& session_moves;  // likewise
  Authenticator authenticator;
  Recovery recovery;
  SocketRecords socket_records;
  PeerExchanges peer_exchanges;
  MovedConnections moved_connections;
  Verdicts verdicts;
  Preparations preparations;
  std::vector<std::function<void(workers::Worker&)>> next_second;  // done once, within a second
  SharedDeflater deflater;                                         // for messages that stand alone
  Inflater inflater{rfc7692::window_bits_max, Context::fresh};     // likewise
  std::string inflated, deflated;                                  // scratch of one call, kept for its memory
};

}  // namespace sluice::gateway
