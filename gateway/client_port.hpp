#pragma once
// ClientPort: the folder's front door: where clients connect, what wire each gets, and how messages look to it.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/handed_sockets.hpp"
#include "gateway/client_address.hpp"
#include "gateway/client_counts.hpp"
#include "gateway/limit_options.hpp"
#include "gateway/options.hpp"
#include "gateway/peer_sessions.hpp"
#include "gateway/sealed_id.hpp"
#include "gateway/session_moves.hpp"
#include "gateway/socket_claims.hpp"
#include "gateway/socket_options.hpp"
#include "gateway/socket_store.hpp"
#include "gateway/tls_worker.hpp"
#include "gateway/worker_context.hpp"
#include "workers/pool.hpp"
#include "workers/wire.hpp"

namespace sluice::gateway {

inline const LimitOptions no_limits;
inline const SocketOptions no_sockets;

// What a client port has in common with those of other nodes, if there are any.
struct SharedParts {
  Seals seals = {};
  workers::Peers& peers = workers::NoPeers::instance();
  workers::SessionStore& sessions = workers::NoSessionStore::instance();
};

class ClientPort : public workers::Edge, public Contexts {
 public:
  // Where clients connect by TLS, and with which certificates.
  struct Tls {
    const std::vector<base::Address>& listen;
    const base::Snapshot<TlsCertificates>& certificates;
  };
  // `options` are validated; all outlive this.
  explicit ClientPort(const Options& options, const std::optional<Tls>& tls = std::nullopt,
                      ClientIdentity identity = {}, const LimitOptions& limits = no_limits,
                      const SocketOptions& sockets = no_sockets, const SharedParts& shared = {});

  // Opens every address for every worker, before the pool starts, and logs a line `listening` for each. Throws
  // std::runtime_error, with a sentence that names option and address, if one cannot be had. `handed`, if there are
  // any, are sockets of another process, which are used where they are for the same and have the same address.
  void open(workers::Pool& pool, base::HandedSockets* handed = nullptr);
  // Copies of all sockets, by what they are for. Once the pool has started.
  struct OpenSocket {
    std::string_view what;
    base::Descriptor descriptor;
  };
  static base::Result<std::vector<OpenSocket>> copies(workers::Pool& pool, base::TimePoint deadline);

  std::unique_ptr<workers::Transport> make_transport(workers::Worker& worker, workers::ListenerKind kind,
                                                     int descriptor) override;
  std::unique_ptr<workers::Wire> make_wire(workers::Worker& worker, workers::ListenerKind kind) override;
  void adopt_transport(workers::Worker& worker, workers::Transport& transport) override;
  void on_second(workers::Worker& worker) override;
  void on_stray(workers::Worker& worker, const base::ConnectionId& id, const workers::Message& message) override;
  void on_stray_answer(workers::Worker& worker, const base::ConnectionId& id, std::uint64_t number,
                       const workers::Message& answer) override;
  bool on_verdict(workers::Worker& worker, std::uint64_t number, const workers::Verdict& verdict) override;
  void encode(base::WorkerId worker, workers::WireFormat format, const workers::Message& message,
              const workers::RoomKey* room, std::string& out) override;
  void encode_gap(workers::WireFormat format, workers::GapReason reason, std::string& out) const override;
  bool shows_room(workers::WireFormat format) const override;
  bool is_own(workers::WireFormat format) const override;
  WorkerContext& context_of(workers::Worker& worker) override;

 private:
  void listen(workers::Pool& pool, const base::Address& address, workers::ListenerKind kind,
              base::HandedSockets* handed);
  void open_datagrams(workers::Pool& pool, const base::Address& address, base::HandedSockets* handed);
  TlsWorker& tls_of(workers::Worker& worker);

  const Options& options_;
  const std::optional<Tls> tls_;
  const ClientIdentity identity_;
  const LimitOptions& limits_;
  const SocketOptions& sockets_;
  const TrustedProxies trusted_proxies_;
  ClientCounts counts_;
  workers::Namespaces* namespaces_ = nullptr;  // the pool's, once it is known
  const Seals seals_;
  PeerSessions peer_sessions_;
  SocketStore socket_store_;
  SocketClaims socket_claims_;
  SessionMoves session_moves_;
  // By worker, who makes its own on first need.
  std::vector<std::unique_ptr<WorkerContext>> contexts_;
  std::vector<std::unique_ptr<TlsWorker>> tls_workers_;
};

}  // namespace sluice::gateway
