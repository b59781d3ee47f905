#pragma once
// WebSocketWire: one client's WebSocket connection (RFC 6455), from behind the handshake to the close.

#include <memory>
#include <optional>

#include "gateway/deflate_session.hpp"
#include "gateway/frame_decoder.hpp"
#include "gateway/inbound.hpp"
#include "gateway/worker_context.hpp"
#include "workers/wire.hpp"

namespace sluice::gateway {

class WebSocketWire : public workers::Wire {
 public:
  // `context` outlives this. `deflate` is what was agreed on, or nothing.
  WebSocketWire(WorkerContext& context, workers::WireFormat format, const std::optional<DeflateTerms>& deflate);

  workers::Protocol protocol() const override { return workers::Protocol::websocket; }
  void on_start(workers::Worker& worker, workers::Connection& connection) override;
  std::size_t on_bytes(workers::Worker& worker, workers::Connection& connection, std::span<char> bytes) override;
  void on_resume(workers::Worker& worker, workers::Connection& connection) override;
  void on_end_of_stream(workers::Worker& worker, workers::Connection& connection) override;
  void on_deadline(workers::Worker& worker, workers::Connection& connection) override;
  void on_ending(workers::Worker& worker, workers::Connection& connection, const workers::Ending& ending) override;
  void encode_own(const workers::Message& message, const workers::RoomKey* room, std::string& out) override;

 protected:
  // A whole message has come; count_received() is still to be called.
  virtual void on_message(workers::Worker& worker, workers::Connection& connection, workers::DataKind kind,
                          std::string_view payload);
  // When on_deadline() is to be called at the latest, beside the heartbeat's times.
  virtual std::optional<base::TimePoint> own_deadline() const { return std::nullopt; }
  void arm(workers::Worker& worker, workers::Connection& connection, base::TimePoint at) const;
  WorkerContext& context() { return context_; }
  workers::WireFormat format() const { return format_; }

 private:
  std::size_t on_event(workers::Worker& worker, workers::Connection& connection, const FrameDecoder::Event& event);
  std::size_t on_deflated(workers::Worker& worker, workers::Connection& connection, const FrameDecoder::Event& event);
  void on_failure(workers::Worker& worker, workers::Connection& connection, const FrameDecoder::Event& event);

  WorkerContext& context_;
  FrameDecoder decoder_;
  std::unique_ptr<DeflateSession> deflate_session_;  // only with contexts of its own
  Held held_;                                        // what is tried again when reads resume
  base::TimePoint ping_sent_{};                      // meant while a ping is not answered
  bool awaits_life_ = false;                         // a ping was sent, and nothing came since
  bool may_deflate_;                                 // the client may
  workers::WireFormat format_;
};

// Every idle client has one: with its share of the slab it is to fit into 450 bytes.
static_assert(sizeof(WebSocketWire) <= 64, "an idle WebSocket connection's own state");

}  // namespace sluice::gateway
