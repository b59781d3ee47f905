#pragma once
// GrpcServer: the gRPC port with its services, health and reflection.

#include <memory>

#include "base/address.hpp"
#include "base/clock.hpp"
#include "control/calls.hpp"
#include "control/event_hub.hpp"
#include "control/gatekeeper.hpp"

namespace sluice::control {

class GrpcServer {
 public:
  struct Parts {
    Calls& calls;
    EventHub& hub;
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
  // What the health service says of the node as a whole and of Gateway. Nodes is served until the end.
  void set_serving(bool is_serving);
  // Takes no more calls, lets those under way end until `deadline`, then cancels them. Returns when all have ended.
  void shutdown(base::TimePoint deadline);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sluice::control
