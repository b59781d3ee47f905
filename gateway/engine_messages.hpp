#pragma once
// EngineMessages: an Engine.IO session whose messages are plain ones, as on a WebSocket.

#include "gateway/client_counts.hpp"
#include "gateway/engine_application.hpp"
#include "gateway/inbound.hpp"
#include "gateway/subscription.hpp"
#include "gateway/worker_context.hpp"

namespace sluice::gateway {

class EngineMessages final : public EngineApplication {
 public:
  // `context` outlives this.
  EngineMessages(WorkerContext& context, Subscription subscription)
      : context_(context), subscription_(std::make_unique<Subscription>(std::move(subscription))) {}
  // One that arrives from another node, and is counted by `place`.
  EngineMessages(WorkerContext& context, ClientCounts::Place place) : context_(context), place_(std::move(place)) {}

  workers::Protocol protocol() const override { return workers::Protocol::engine_io; }
  void on_open(workers::Worker& worker, workers::Connection& connection) override;
  base::Result<bool> on_message(workers::Worker& worker, workers::Connection& connection, bool is_binary,
                                std::string_view data) override;
  bool on_resume(workers::Worker& worker, workers::Connection& connection) override;
  bool is_quiet() const override { return !held_; }
  std::vector<NamespaceRooms> rooms(workers::Worker& worker, const workers::Connection& connection) const override;
  void leave(workers::Worker& worker, workers::Connection& connection, SessionState& state) override;
  base::Result<Renamed> arrive(workers::Worker& worker, workers::Connection& connection, SessionState& state) override;

 private:
  WorkerContext& context_;
  std::unique_ptr<Subscription> subscription_;  // until the session is open
  ClientCounts::Place place_;                   // until it is a member, if it has arrived
  Held held_;
};

}  // namespace sluice::gateway
