#pragma once
// EngineUpgradeWire: a WebSocket that is to take an Engine.IO session over from polling, as its client says: what it
// may say until then. Whatever goes wrong ends this WebSocket alone.

#include <string_view>

#include "gateway/frame_decoder.hpp"
#include "gateway/worker_context.hpp"
#include "workers/wire.hpp"

namespace sluice::gateway {

class EngineUpgradeWire : public workers::Wire {
 public:
  // `context` outlives this.
  explicit EngineUpgradeWire(WorkerContext& context) : context_(context) {}

  workers::Protocol protocol() const override { return workers::Protocol::engine_io; }
  void on_start(workers::Worker& worker, workers::Connection& connection) override;
  std::size_t on_bytes(workers::Worker& worker, workers::Connection& connection, std::span<char> bytes) override;
  void on_end_of_stream(workers::Worker& worker, workers::Connection& connection) override;
  void on_deadline(workers::Worker& worker, workers::Connection& connection) override;
  void on_ending(workers::Worker& worker, workers::Connection& connection, const workers::Ending& ending) override;

 protected:
  // The client asks whether it works.
  virtual void on_probe(workers::Worker& worker, workers::Connection& connection) = 0;
  // It goes over: what comes behind it is the session's.
  virtual void on_upgrade(workers::Worker& worker, workers::Connection& connection) = 0;
  static void answer_probe(workers::Worker& worker, workers::Connection& connection);
  static void refuse(workers::Worker& worker, workers::Connection& connection, std::string_view why);

  WorkerContext& context_;

 private:
  void on_frame(workers::Worker& worker, workers::Connection& connection, const FrameDecoder::Event& event);

  FrameDecoder decoder_;
};

}  // namespace sluice::gateway
