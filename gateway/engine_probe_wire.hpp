#pragma once
// EngineProbeWire: a WebSocket that is to take an Engine.IO session over from polling: answers the probe, and gives its
// socket to the session once the client says so. Whatever goes wrong ends this WebSocket alone.

#include "gateway/frame_decoder.hpp"
#include "gateway/worker_context.hpp"
#include "workers/wire.hpp"

namespace sluice::gateway {

class EngineSession;

class EngineProbeWire final : public workers::Wire {
 public:
  // `session` is the connection of an EngineSession on this worker; `context` outlives this.
  EngineProbeWire(WorkerContext& context, const workers::Connection& session);

  workers::Protocol protocol() const override { return workers::Protocol::engine_io; }
  void on_start(workers::Worker& worker, workers::Connection& connection) override;
  std::size_t on_bytes(workers::Worker& worker, workers::Connection& connection, std::span<char> bytes) override;
  void on_end_of_stream(workers::Worker& worker, workers::Connection& connection) override;
  void on_deadline(workers::Worker& worker, workers::Connection& connection) override;
  void on_ending(workers::Worker& worker, workers::Connection& connection, const workers::Ending& ending) override;
  void on_gone(workers::Worker& worker, workers::Connection& connection) override;

 private:
  void on_frame(workers::Worker& worker, workers::Connection& connection, const FrameDecoder::Event& event);
  void on_probe(workers::Worker& worker, workers::Connection& connection);
  void on_upgrade(workers::Worker& worker, workers::Connection& connection);
  void refuse(workers::Worker& worker, workers::Connection& connection, std::string_view why);
  EngineSession* find_session(workers::Worker& worker, workers::Connection*& connection) const;

  WorkerContext& context_;
  FrameDecoder decoder_;
  std::uint32_t slot_, generation_;  // of the session's connection
  bool is_candidate_ = false;        // the session has let this one begin
};

}  // namespace sluice::gateway
