#pragma once
// Control: the folder's front door: the gRPC and admin ports, for services, operators and Prometheus.

#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.hpp"
#include "base/clock.hpp"
#include "base/handed_sockets.hpp"
#include "control/caller_identity.hpp"
#include "control/facts.hpp"
#include "control/options.hpp"

namespace sluice::workers {
class Peers;
class Pool;
}  // namespace sluice::workers

namespace sluice::identity {
class Revocations;
}  // namespace sluice::identity

namespace sluice::control {

class EventHub;

class Control {
 public:
  // `options` are validated. All arguments outlive this. The pool and the peers may be started before start() or after
  // it, the peers not before this is made.
  Control(workers::Pool& pool, workers::Peers& peers, EventHub& hub, identity::Revocations& revocations,
          const CallerIdentity& callers, const Options& options, const Facts& facts);
  ~Control();
  Control(const Control&) = delete;
  Control& operator=(const Control&) = delete;

  // Opens both ports, and logs a line `listening` for each. Throws std::runtime_error, with a sentence that names
  // option and address, if one cannot be had; --share-port does not hold for them. Not ready until set_ready(true).
  // With `handed` the ports may be handed over to another process, and those in it are used where they fit; if there
  // are such, the other process serves them until serve() is called.
  void start(base::HandedSockets* handed = nullptr);
  void serve();
  // Copies of the listening sockets, by what they are for; of started ports that may be handed over.
  struct OpenSocket {
    std::string_view what;
    base::Descriptor descriptor;
  };
  std::vector<OpenSocket> copies() const;
  // Takes no more connections: another process has the sockets. Calls by those that there are go on. Behind it nothing
  // is accepted any more, unless that took until `deadline`.
  bool give_up_ports(base::TimePoint deadline);
  // Where the ports really are; after start().
  const base::Address& grpc_address() const;
  const base::Address& admin_address() const;

  // Told once this node knows who is kept out of all nodes of the cluster, at once if it is alone: nobody is to be let
  // in before. To be asked for once.
  std::future<void> learned();

  // What /readyz and the health service say from now on. Any thread. A call of Drain says false by itself.
  void set_ready(bool is_ready);
  // Not ready from now on, whatever Undrain asks for: the process is about to end. Any thread.
  void leave();
  bool is_ready() const;

  // Waits until it is known which backends other nodes have, at most until then: what clients do before has nobody to
  // hear it. The peers have been started.
  void meet_others(base::TimePoint deadline);
  // Reads the gRPC port's certificates again; what is wrong is refused whole. The thread that start() was called by.
  void reload_certificates();
  // The options were read again, and taken or refused; for metrics. Any thread.
  void note_options_read(bool is_taken);

  // Takes no more calls, gives those under way until `deadline`, then cancels them; closes both ports. The pool must
  // still run, so that calls that wait for workers get their answers. Returns when all is ended; then nothing of
  // control runs any more.
  void shutdown(base::TimePoint deadline);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The content of docs/metrics.md, from the declarations.
std::string metrics_markdown();

}  // namespace sluice::control
