#pragma once
// EngineApplication: what an Engine.IO session carries: plain messages, or Socket.IO. Belongs to the session.

#include <optional>
#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "workers/ending.hpp"
#include "workers/message.hpp"
#include "workers/protocol.hpp"
#include "workers/wire.hpp"

namespace sluice::gateway {

class EngineApplication {
 public:
  EngineApplication() = default;
  virtual ~EngineApplication() = default;
  EngineApplication(const EngineApplication&) = delete;
  EngineApplication& operator=(const EngineApplication&) = delete;

  virtual workers::Protocol protocol() const = 0;
  // The client has been told that the session is open.
  virtual void on_open(workers::Worker& worker, workers::Connection& connection) = 0;
  // Takes one message. False: it could not be done with yet, because a mailbox is full; then nothing more comes until
  // on_resume() gives true. An error says how the client broke the protocol, which ends the session.
  virtual base::Result<bool> on_message(workers::Worker& worker, workers::Connection& connection, bool is_binary,
                                        std::string_view data) = 0;
  virtual bool on_resume(workers::Worker& worker, workers::Connection& connection) = 0;
  // A time at which on_deadline() is to be called, if there is one.
  virtual std::optional<base::TimePoint> deadline() const { return std::nullopt; }
  virtual void on_deadline(workers::Worker&, workers::Connection&) {}
  // As Wire::first_rider.
  virtual const workers::Connection* first_rider(workers::Worker&) const { return nullptr; }
  // The session is over, whatever ended it. Called once.
  virtual void on_end(workers::Worker&, workers::Connection&, workers::EndReason) {}
};

}  // namespace sluice::gateway
