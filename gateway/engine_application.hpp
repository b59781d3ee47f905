#pragma once
// EngineApplication: what an Engine.IO session carries: plain messages, or Socket.IO. Belongs to the session.

#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "gateway/session_state.hpp"
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
  // --- going on at another node ---

  // Whether nothing is under way that only this node can bring to its end.
  virtual bool is_quiet() const = 0;
  // In which rooms it has members.
  virtual std::vector<NamespaceRooms> rooms(workers::Worker& worker, const workers::Connection& connection) const = 0;
  // Tells all that is to go on elsewhere, and lets go of its members here. Nothing more is called.
  virtual void leave(workers::Worker& worker, workers::Connection& connection, SessionState& state) = 0;
  // It goes on here, in the place of on_open(): gives what its members were called, and are now. An error: that cannot
  // be.
  using Renamed = std::vector<std::pair<base::ConnectionId, base::ConnectionId>>;
  virtual base::Result<Renamed> arrive(workers::Worker& worker, workers::Connection& connection,
                                       SessionState& state) = 0;

  // The session is over, whatever ended it. Called once.
  virtual void on_end(workers::Worker&, workers::Connection&, workers::EndReason) {}
};

}  // namespace sluice::gateway
