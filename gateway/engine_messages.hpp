#pragma once
// EngineMessages: an Engine.IO session whose messages are plain ones, as on a WebSocket.

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

  workers::Protocol protocol() const override { return workers::Protocol::engine_io; }
  void on_open(workers::Worker& worker, workers::Connection& connection) override;
  base::Result<bool> on_message(workers::Worker& worker, workers::Connection& connection, bool is_binary,
                                std::string_view data) override;
  bool on_resume(workers::Worker& worker, workers::Connection& connection) override;

 private:
  WorkerContext& context_;
  std::unique_ptr<Subscription> subscription_;  // until the session is open
  Held held_;
};

}  // namespace sluice::gateway
