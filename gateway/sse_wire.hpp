#pragma once
// SseWire: one client's stream of server-sent events (HTML Standard, 9.2), from behind the answer's head to the end.

#include "gateway/worker_context.hpp"
#include "workers/wire.hpp"

namespace sluice::gateway {

class SseWire final : public workers::Wire {
 public:
  // `context` outlives this.
  explicit SseWire(WorkerContext& context) : context_(context) {}

  workers::Protocol protocol() const override { return workers::Protocol::sse; }
  void on_start(workers::Worker& worker, workers::Connection& connection) override;
  // What a client still says behind its request is nothing to anyone.
  std::size_t on_bytes(workers::Worker&, workers::Connection&, std::span<char> bytes) override { return bytes.size(); }
  void on_end_of_stream(workers::Worker& worker, workers::Connection& connection) override;
  void on_deadline(workers::Worker& worker, workers::Connection& connection) override;
  void on_ending(workers::Worker& worker, workers::Connection& connection, const workers::Ending& ending) override;

 private:
  WorkerContext& context_;
};

// What a stream's request is answered with, in front of its events; `headers` are more of them.
std::string sse_head(const std::string& headers);

}  // namespace sluice::gateway
