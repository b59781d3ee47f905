#pragma once
// CommandWire: a WebSocket client of the sub-protocol `sluice.v1.json`: it gets messages in envelopes, like others, and
// says commands, each of which is answered once (docs/commands.md).

#include <optional>
#include <vector>

#include "gateway/commands.hpp"
#include "gateway/websocket_wire.hpp"

namespace sluice::gateway {

class CommandWire final : public WebSocketWire, private Commands::Voice {
 public:
  // `granted` are the rooms that the client may ask for in any case.
  CommandWire(WorkerContext& context, workers::WireFormat format, const std::optional<DeflateTerms>& deflate,
              std::vector<workers::RoomKey> granted);

  void on_resume(workers::Worker& worker, workers::Connection& connection) override;
  void on_deadline(workers::Worker& worker, workers::Connection& connection) override;
  void on_answer(workers::Worker& worker, workers::Connection& connection, std::uint64_t ack_id,
                 const workers::Message& answer) override;

 private:
  void on_message(workers::Worker& worker, workers::Connection& connection, workers::DataKind kind,
                  std::string_view payload) override;
  std::optional<base::TimePoint> own_deadline() const override { return commands_.next_deadline(); }
  void say(workers::Worker& worker, workers::Connection& connection, std::string_view object) override;
  void on_nearer_deadline(workers::Worker& worker, workers::Connection& connection) override;

  Commands commands_;
};

}  // namespace sluice::gateway
