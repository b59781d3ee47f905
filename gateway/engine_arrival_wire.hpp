#pragma once
// EngineArrivalWire: a WebSocket for a session of another node: asks that node whether it may have the session, answers
// the probe, and takes the session over once the client says so. From then on nothing is read until it is here.

#include <optional>

#include "gateway/client_counts.hpp"
#include "gateway/engine_upgrade_wire.hpp"
#include "gateway/http_exchange.hpp"
#include "gateway/move_codec.hpp"
#include "gateway/session_state.hpp"

namespace sluice::gateway {

class EngineArrivalWire final : public EngineUpgradeWire {
 public:
  // `context` outlives this; `place` is what the client is counted by.
  EngineArrivalWire(WorkerContext& context, const base::ConnectionId& session, ClientCounts::Place place);

  void on_start(workers::Worker& worker, workers::Connection& connection) override;
  void on_resume(workers::Worker& worker, workers::Connection& connection) override;
  void on_gone(workers::Worker& worker, workers::Connection& connection) override;

 private:
  // How far it is; in this order.
  enum class Phase : std::uint8_t { asked, begun, taking, taken };

  void on_probe(workers::Worker& worker, workers::Connection& connection) override;
  void on_upgrade(workers::Worker& worker, workers::Connection& connection) override;
  void take_begun(workers::Worker& worker, workers::Connection& connection,
                  const base::Result<move_codec::Begun>& begun);
  void take_over(workers::Worker& worker, workers::Connection& connection);
  void take_state(workers::Worker& worker, workers::Connection& connection, base::Result<SessionState> state);
  void prepare_next(workers::Worker& worker, workers::Connection& connection);
  void become_session(workers::Worker& worker, workers::Connection& connection);
  void fail_move(workers::Worker& worker, workers::Connection& connection, const base::Error& why);
  ExchangeId id_of(const workers::Worker& worker, const workers::Connection& connection) const;
  base::TimePoint deadline(const workers::Worker& worker) const;
  // Calls deal(worker, connection, wire) if the WebSocket is still there, and this is still its wire.
  template <class Deal>
  static void with_wire_of(workers::Worker& worker, const ExchangeId& id, Deal&& deal);

  const base::ConnectionId session_;
  ClientCounts::Place place_;
  Phase phase_ = Phase::asked;
  bool is_probed_ = false, is_wanted_ = false;  // the client said so
  std::unique_ptr<SessionState> state_;         // while its rooms are prepared
  std::vector<NamespaceRooms> unprepared_;
};

}  // namespace sluice::gateway
