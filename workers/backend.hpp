#pragma once
// Backend: the PORT through which the heart tells services what clients do. Implemented by control/.

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/ids.hpp"
#include "workers/ending.hpp"
#include "workers/message.hpp"
#include "workers/protocol.hpp"

namespace sluice::workers {

// What a client did. Moved to whoever tells backends; what belongs to one kind alone is empty in the others.
struct ClientEvent {
  enum class Kind : std::uint8_t { connected, message, disconnected };
  Kind kind = Kind::message;
  base::ConnectionId connection;
  base::NamespaceId name_space;
  Protocol protocol = Protocol::websocket;
  std::string session;  // empty: its wire has none

  // connected
  std::string remote_address;
  std::string auth;           // a JSON object, or empty: what a Socket.IO client gave
  bool is_recovered = false;  // the same session as before, on another connection

  // message
  std::shared_ptr<const Message> message;  // its target is nobody's
  std::optional<std::uint64_t> ack_id;     // the client waits for an answer of this number

  // disconnected
  EndReason reason = EndReason::client_vanished;
  std::chrono::milliseconds connected_for{0};
  std::uint64_t messages_received = 0, bytes_received = 0, bytes_sent = 0;

  // What it weighs while it waits, in bytes.
  std::size_t bytes() const {
    return sizeof(ClientEvent) + session.size() + remote_address.size() + auth.size() +
           (message ? message->bytes() : 0);
  }
};

class Backend {
 public:
  // What became of an event. `full`: try again later, and let the client wait; only messages are.
  enum class Offer : std::uint8_t { taken, full, absent };

  virtual ~Backend() = default;
  // Whether anyone wants to know of connections. Any thread; may lag.
  virtual bool is_listening() const = 0;
  // Takes an event; those of one connection keep their order. Any thread; never waits for anyone.
  virtual Offer offer(ClientEvent event) = 0;
};

// Where there is none.
class NoBackend final : public Backend {
 public:
  bool is_listening() const override { return false; }
  Offer offer(ClientEvent) override { return Offer::absent; }
  static NoBackend& instance() {
    static NoBackend one;
    return one;
  }
};

}  // namespace sluice::workers
