#pragma once
// GrpcServer: the gRPC port with its services, health and reflection.

#include <memory>
#include <vector>

#include "base/address.hpp"
#include "base/clock.hpp"
#include "base/descriptor.hpp"
#include "control/asks.hpp"
#include "control/calls.hpp"
#include "control/event_hub.hpp"
#include "control/gatekeeper.hpp"
#include "control/grpc_certificates.hpp"

namespace sluice::control {

class GrpcServer {
 public:
  struct Parts {
    Calls& calls;
    EventHub& hub;
    Asks& asks;
    Metrics& metrics;
    Executor& executor;
    const Options& options;
    const Gatekeeper& gatekeeper;
  };
  explicit GrpcServer(Parts parts);
  ~GrpcServer();
  GrpcServer(const GrpcServer&) = delete;
  GrpcServer& operator=(const GrpcServer&) = delete;

  // Gives the address that it listens on, or why it does not.
  base::Result<base::Address> start();
  // Likewise, by a socket that may be handed over, and may have been (`handed`). Before the executor runs, or on its
  // thread; connections wait until accept().
  base::Result<base::Address> start_shareable(std::vector<base::Descriptor> handed);
  void accept();
  // A copy of that socket; none of one that is gRPC's own. Any thread, until something closes it.
  base::Descriptor copy() const;
  // Takes no more connections by it; those that there are stay. On the executor.
  void stop_accepting();
  // Null without TLS, and before start().
  GrpcCertificates* certificates() const;
  // What the health service says of the node as a whole and of Gateway. Nodes is served until the end.
  void set_serving(bool is_serving);
  // Takes no more calls, lets those under way end until `deadline`, then cancels them. Returns when all have ended.
  void shutdown(base::TimePoint deadline);

 private:
  void serve_nodes();

  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sluice::control
