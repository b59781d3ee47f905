#pragma once
// Two gateways that are nodes of one cluster, without a broker: each has an order of its own, which are alike as long
// as nothing is published.

#include "tests/unit/gateway/running_gateway.hpp"
#include "tests/unit/workers/linked_peers.hpp"
#include "tests/unit/workers/memory_session_store.hpp"

namespace sluice::gateway {

struct RunningNodes {
  static constexpr std::uint32_t here_incarnation = 0x1111, there_incarnation = 0x2222;

  explicit RunningNodes(const std::function<void(RunningGateway&)>& change = [](RunningGateway&) {})
      : here(settled(change, here_incarnation, here_peers, store)),
        there(settled(change, there_incarnation, there_peers, store)) {}
  // Both, before either is taken down: they answer each other.
  ~RunningNodes() {
    here.stop();
    there.stop();
  }

  workers::PeerNetwork network;
  workers::MemorySessionStore store;
  workers::LinkedPeers here_peers{network, here_incarnation}, there_peers{network, there_incarnation};
  RunningGateway here, there;

 private:
  static std::function<void(RunningGateway&)> settled(const std::function<void(RunningGateway&)>& change,
                                                      std::uint32_t incarnation, workers::Peers& peers,
                                                      workers::SessionStore& store) {
    return [change, incarnation, &peers, &store](RunningGateway& gateway) {
      gateway.worker_options.workers = 2;
      gateway.incarnation = incarnation;
      gateway.secret = std::string(32, 's');
      gateway.peers = &peers;
      gateway.sessions = &store;
      change(gateway);
    };
  }
};

}  // namespace sluice::gateway
