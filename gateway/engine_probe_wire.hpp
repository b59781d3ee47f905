#pragma once
// EngineProbeWire: a WebSocket for a session of this worker: answers the probe, and gives its socket to the session
// once the client says so.

#include "gateway/engine_upgrade_wire.hpp"

namespace sluice::gateway {

class EngineSession;

class EngineProbeWire final : public EngineUpgradeWire {
 public:
  // `session` is the connection of an EngineSession on this worker; `context` outlives this.
  EngineProbeWire(WorkerContext& context, const workers::Connection& session);

  void on_start(workers::Worker& worker, workers::Connection& connection) override;
  void on_gone(workers::Worker& worker, workers::Connection& connection) override;

 private:
  void on_probe(workers::Worker& worker, workers::Connection& connection) override;
  void on_upgrade(workers::Worker& worker, workers::Connection& connection) override;
  EngineSession* find_session(workers::Worker& worker, workers::Connection*& connection) const;

  std::uint32_t slot_, generation_;  // of the session's connection
  bool is_candidate_ = false;        // the session has let this one begin
};

}  // namespace sluice::gateway
