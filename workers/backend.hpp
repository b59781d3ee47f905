#pragma once
// Backend: the PORT through which the heart tells services what clients do. Implemented by control/.

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/ids.hpp"
#include "base/labels.hpp"
#include "workers/credentials.hpp"
#include "workers/ending.hpp"
#include "workers/message.hpp"
#include "workers/metrics.hpp"
#include "workers/protocol.hpp"

namespace sluice::workers {

// What a client said of itself when it came.
struct ConnectDetails {
  std::string auth;  // a JSON object, or empty: what a Socket.IO client gave
  // Of its request: the query, without what is the gateway's own, and those headers that backends are to have.
  std::vector<std::pair<std::string, std::string>> parameters, headers;

  std::size_t bytes() const {
    std::size_t sum = auth.size();
    for (const auto* list : {&parameters, &headers}) {
      for (const auto& [name, value] : *list) sum += name.size() + value.size() + 2 * sizeof(std::string);
    }
    return sum;
  }
};

// What backends are asked about a client that wants to come in.
struct VerdictQuestion {
  Protocol protocol = Protocol::websocket;
  std::string name_space;  // may not exist yet
  std::string user;        // as whom it says to come; empty: nobody in particular
  ConnectDetails details;
  bool is_recovered = false;  // it asks to go on as the session that it was
};

// Whether a client may come in, and as whom.
struct Verdict {
  bool allows = false;
  std::string user;            // empty: nobody in particular
  std::vector<RoomKey> rooms;  // named ones, that it is put into
  Allowance allowance;
  std::string message, data;  // for one that may not: a sentence, and a JSON value or nothing
};

// What a client did. Moved to whoever tells backends; what belongs to one kind alone is empty in the others.
struct ClientEvent {
  enum class Kind : std::uint8_t {
    connecting,
    connected,
    message,
    disconnected,
    joined,
    left,
    acknowledged,
    dropped,
    room_occupied,  // these three are of no connection
    room_vacated,
    draining,
  };
  Kind kind = Kind::message;
  base::ConnectionId connection;
  base::NamespaceId name_space;
  Protocol protocol = Protocol::websocket;
  std::string session;  // empty: its wire has none
  // Not empty: the namespace's name, in place of `name_space`: it may not exist here, or not yet.
  std::string asked_name_space;

  // connecting: it waits for a verdict of this number
  std::uint64_t verdict = 0;

  // connecting, connected
  std::string remote_address, user;
  base::Labels labels;
  ConnectDetails details;
  bool is_recovered = false;  // the same session as before, on another connection; or that is what it asks for
  bool is_again = false;      // connected: as it was before its node was taken for lost
  // connected: that other connection, whose session came here from another node; generation 0: none did
  base::ConnectionId moved_from;

  // message
  std::shared_ptr<const Message> message;
  std::optional<std::uint64_t> ack_id;  // the client waits for an answer of this number

  // message: what the client named, or nothing; connected, joined, left: named ones; room_...: the one
  std::vector<std::string> rooms;

  // acknowledged: the answer to what the client was asked under this number; `message` has its arguments
  std::uint64_t ask = 0;

  // dropped
  DropReason drop_reason = DropReason::closing;
  std::uint64_t dropped = 0;  // messages

  // disconnected
  EndReason reason = EndReason::client_vanished;
  std::chrono::milliseconds connected_for{0};
  std::uint64_t messages_received = 0, bytes_received = 0, bytes_sent = 0;

  // What it weighs while it waits, in bytes.
  std::size_t bytes() const {
    std::size_t sum = sizeof(ClientEvent) + session.size() + asked_name_space.size() + remote_address.size() +
                      user.size() + details.bytes() + (message ? message->bytes() : 0);
    for (const auto& [name, value] : labels) sum += name.size() + value.size() + 2 * sizeof(std::string);
    for (const std::string& room : rooms) sum += sizeof(std::string) + room.size();
    return sum;
  }
  bool is_of_connection() const { return kind < Kind::room_occupied; }
};

// Kinds of events, as bits.
using KindSet = std::uint32_t;
constexpr KindSet kind_bit(ClientEvent::Kind kind) { return KindSet{1} << static_cast<unsigned>(kind); }

class Backend {
 public:
  // What became of an event. `full`: try again later, and let the client wait; only messages are. `refused`: nobody is
  // there, and the client is to know.
  enum class Offer : std::uint8_t { taken, full, absent, refused };

  virtual ~Backend() = default;
  // Whether anyone wants to know of connections. Any thread; may lag.
  virtual bool is_listening() const = 0;
  // Whether anyone wants events of that kind. Any thread; may lag.
  virtual bool wants(ClientEvent::Kind kind) const = 0;
  // Takes an event; those of one connection keep their order. Of one that connects, `absent` says that nobody is there
  // who gives verdicts. Any thread; never waits for anyone.
  virtual Offer offer(ClientEvent event) = 0;
  // A connection of which nothing more will be told, without its end: it was refused, or they never knew of it. Any
  // thread.
  virtual void forget(const base::ConnectionId& connection) = 0;
  // Whether messages of that connection would be `full`: what else it does had better wait, too. Any thread.
  virtual bool is_behind(const base::ConnectionId& connection) const = 0;
};

// Where there is none.
class NoBackend final : public Backend {
 public:
  bool is_listening() const override { return false; }
  bool wants(ClientEvent::Kind) const override { return false; }
  Offer offer(ClientEvent) override { return Offer::absent; }
  void forget(const base::ConnectionId&) override {}
  bool is_behind(const base::ConnectionId&) const override { return false; }
  static NoBackend& instance() {
    static NoBackend one;
    return one;
  }
};

}  // namespace sluice::workers
