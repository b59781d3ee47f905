#pragma once
// Node: the running gateway: builds its parts in order, lives until a signal ends it, and ends them in reverse.

#include <functional>
#include <memory>

#include "base/settled_watch.hpp"
#include "cluster/cluster.hpp"
#include "control/caller_identity.hpp"
#include "control/control.hpp"
#include "control/event_hub.hpp"
#include "gateway/client_port.hpp"
#include "gateway/tls_reloader.hpp"
#include "identity/callers.hpp"
#include "identity/key_source.hpp"
#include "identity/revocations.hpp"
#include "program/all_options.hpp"
#include "program/signals.hpp"
#include "program/supervisor.hpp"
#include "program/takeover.hpp"
#include "workers/pool.hpp"

namespace sluice::program {

class Node {
 public:
  // `options` are validated, its numbers settled, and outlive this.
  explicit Node(const AllOptions& options);
  ~Node();
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  // Opens all ports, finds the broker, then lets clients in. Throws std::runtime_error with a sentence if that cannot
  // be. False: a signal ended it while the broker was still looked for.
  [[nodiscard]] bool start(Signals& signals, Supervisor& supervisor);
  // How options are read again: what tells that their file has changed, and what reads and applies them, or refuses.
  struct Reloading {
    base::SettledWatch& watch;
    std::function<bool()> reload;
  };
  // Lives until a signal ends it; reads everything again at each SIGHUP, and what has changed; tells `supervisor` of
  // all that. Gives the exit code. A second signal does not come back from here: the process ends at once.
  int run(Signals& signals, Supervisor& supervisor, const Reloading& options);

 private:
  bool join_cluster(Signals& signals, Supervisor& supervisor);
  void reload_options(Supervisor& supervisor, const Reloading& options);
  void reload_files();
  void tell_alive(Supervisor& supervisor) const;
  // Whether another process has taken over.
  bool look_for_takeover();
  base::Result<std::vector<TakeoverPort::Offer>> offers();
  void stop_accepting();
  void drain(Signals& signals, Supervisor& supervisor);
  void wait_for_clients(Signals& signals, Supervisor& supervisor);
  void tell_stopping(Supervisor& supervisor, std::chrono::milliseconds over) const;
  void end(Signals& signals);

  const AllOptions& options_;
  base::SettledWatch files_watch_;  // of those that are read in reload_files()
  const std::uint32_t incarnation_;
  const gateway::Seals seals_;
  const control::Facts facts_;
  const std::unique_ptr<gateway::TlsReloader> tls_;           // null without TLS
  const std::unique_ptr<identity::KeySource> keys_;           // null without keys
  const std::unique_ptr<identity::CallerFile> callers_file_;  // null without one
  identity::Revocations revocations_;
  const control::CallerIdentity callers_;
  const std::unique_ptr<cluster::Cluster> cluster_;  // null: the node is alone
  gateway::ClientPort clients_;
  control::EventHub hub_;
  workers::Pool pool_;
  control::Control control_;
  std::unique_ptr<TakeoverPort> takeover_port_;  // null: nobody may take over, now or at all
  bool is_taken_over_ = false;
  bool ignores_stop_ = false;  // the next one: the end has begun without it
};

}  // namespace sluice::program
