#pragma once
// Control with both its ports, over a running pool.

#include <grpcpp/grpcpp.h>

#include "control/control.hpp"
#include "control/event_hub.hpp"
#include "identity/revocations.hpp"
#include "sluice/v1/gateway.grpc.pb.h"
#include "sluice/v1/nodes.grpc.pb.h"
#include "tests/unit/control/running_pool.hpp"
#include "workers/peers.hpp"

namespace sluice::control {

struct RunningControl : RunningPool {
  explicit RunningControl(workers::Broker& broker = workers::EmbeddedBroker::instance()) : RunningPool(broker) {
    control.start();
  }

  static Options any_ports() {
    Options options;
    options.grpc = base::Address::parse("127.0.0.1:0").value();
    options.admin = base::Address::parse("127.0.0.1:0").value();
    options.grpc_message_bytes_max = 10'000;
    options.stuck_worker_seconds = std::chrono::seconds(4);  // an idle worker turns once a second
    return options;
  }
  // A context whose call fails rather than hang a test.
  static std::unique_ptr<grpc::ClientContext> context() {
    auto made = std::make_unique<grpc::ClientContext>();
    made->set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
    return made;
  }
  std::shared_ptr<grpc::Channel> channel() const {
    return grpc::CreateChannel(control.grpc_address().text(), grpc::InsecureChannelCredentials());
  }

  Options control_options = any_ports();
  Facts facts = some_facts();
  EventHub hub{{}};
  identity::Revocations revocations;
  CallerIdentity callers;  // who may call: anyone
  Control control{*pool, workers::NoPeers::instance(), hub, revocations, callers, control_options, facts};
};

}  // namespace sluice::control
