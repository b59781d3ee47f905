#pragma once
// Wire: the PORT through which the heart knows a client's protocol, and Edge: what makes wires and encodes for them.
// Implemented by gateway/. All of it runs on the connection's worker.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.hpp"
#include "workers/ending.hpp"
#include "workers/message.hpp"
#include "workers/protocol.hpp"
#include "workers/transport.hpp"

namespace sluice::workers {

class Connection;
class Worker;
struct Verdict;

// How messages look to a connection. The edge gives the numbers their meaning; the heart encodes a message once per
// format and worker. Format 0 is that of connections which get no messages.
using WireFormat = std::uint8_t;
inline constexpr WireFormat wire_formats_max = 16;

// An answer to something that a client was asked.
struct Acknowledgement {
  base::ConnectionId connection;
  Protocol protocol = Protocol::socket_io;
  std::string session;
  std::string arguments;  // a JSON array
  std::vector<std::string> attachments;
};
// Takes the answers to one question, on the workers' threads. Whoever asks holds it as long as it wants answers.
using OnAcknowledged = std::function<void(Acknowledgement)>;

// Why a client is told of a gap.
enum class GapReason : std::uint8_t { evicted, other_epoch, future, dropped };

class Wire {
 public:
  Wire() = default;
  virtual ~Wire() = default;
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  virtual Protocol protocol() const = 0;
  // What survives a reconnect, if the wire has such a thing: an id that everyone may know.
  virtual std::string session_id() const { return {}; }
  // Called once, when the connection begins to speak this wire.
  virtual void on_start(Worker&, Connection&) {}
  // Takes bytes from the client; they may be changed in place and are good during the call only. Returns how many were
  // taken: fewer than all only after pausing reads, ending the connection or changing its wire (Worker::become), and
  // then the rest comes again to whoever is to have it.
  virtual std::size_t on_bytes(Worker& worker, Connection& connection, std::span<char> bytes) = 0;
  // Reads are resumed after Worker::pause_reads: tries again what was held back, and pauses them again if that still
  // cannot be. The rest of the bytes comes after it.
  virtual void on_resume(Worker&, Connection&) {}
  // The client will send no more.
  virtual void on_end_of_stream(Worker& worker, Connection& connection) = 0;
  // The deadline that was armed with Worker::arm has come.
  virtual void on_deadline(Worker& worker, Connection& connection) = 0;
  // For formats that are the connection's own (Edge::is_own): appends the frame of `message`, which is sent for certain
  // and behind all that was encoded before, as the wire may refer back to it.
  virtual void encode_own(const Message&, const RoomKey*, std::string&) {}
  // Of a connection that others ride on: one of them that is a member; null if there is none.
  virtual const Connection* first_rider(Worker&) const { return nullptr; }
  // An announced connection has joined rooms, or left some.
  virtual void on_rooms_changed(Worker&, Connection&) {}
  // A member has missed messages that cannot be had any more. Its client was told, if its format has a way to. The
  // connection is that by which it hears: what it rides on, if it does.
  virtual void on_gap(Worker&, Connection&) {}
  // A backend answers what the client asked with a message of this id.
  virtual void on_answer(Worker&, Connection&, std::uint64_t, const Message&) {}
  // Asks the client by an event; false if its protocol knows no such thing.
  virtual bool ask(Worker&, Connection&, const Message&, const std::shared_ptr<const OnAcknowledged>&) { return false; }
  // The connection ends by our will: sends the wire's last words, if it has any. Nothing else is sent after them.
  virtual void on_ending(Worker& worker, Connection& connection, const Ending& ending) = 0;
  // The connection, which was opened without a socket, was given one (Worker::give_socket), and speaks through that.
  virtual void on_socket(Worker&, Connection&) {}
  // The connection is gone, whatever ended it, and nothing can be sent any more: lets go of what it held elsewhere. Not
  // called when it goes on at another worker.
  virtual void on_gone(Worker&, Connection&) {}
};

// What is served on a listening socket. The edge gives the numbers their meaning.
using ListenerKind = std::uint8_t;

class Edge {
 public:
  virtual ~Edge() = default;
  // Makes what stands between the wire and the socket, `descriptor`, that such a listener accepted; null: nothing does.
  virtual std::unique_ptr<Transport> make_transport(Worker&, ListenerKind, int) { return nullptr; }
  // A connection has come over from another worker with a transport that its edge made there.
  virtual void adopt_transport(Worker&, Transport&) {}
  // Called once a second on each worker's thread.
  virtual void on_second(Worker&) {}
  // A backend's verdict about a client that asked here; false if nobody waits for that number.
  virtual bool on_verdict(Worker&, std::uint64_t, const Verdict&) { return false; }
  // A message came for that connection, which was of this worker and is not here.
  virtual void on_stray(Worker&, const base::ConnectionId&, const Message&) {}
  // Likewise what a backend answers to it.
  virtual void on_stray_answer(Worker&, const base::ConnectionId&, std::uint64_t, const Message&) {}
  // Makes the wire of a socket that such a listener accepted, here or at the worker that it comes from.
  virtual std::unique_ptr<Wire> make_wire(Worker& worker, ListenerKind kind) = 0;
  // Appends the frame of `message` in `format` to `out`. `room` is the first of the target's rooms that the receiver is
  // in, or null if that is an implicit one. Called on the thread of `worker`. Of a format that is a connection's own,
  // it gives a frame of about the same size, for measuring.
  virtual void encode(base::WorkerId worker, WireFormat format, const Message& message, const RoomKey* room,
                      std::string& out) = 0;
  // True if each connection of `format` has its messages encoded for itself (Wire::encode_own).
  virtual bool is_own(WireFormat) const { return false; }
  // Appends the frame that tells of a gap, or nothing if the format has no way to.
  virtual void encode_gap(WireFormat format, GapReason reason, std::string& out) const = 0;
  // True if receivers of `format` see which room a message came by, so that one encoding does not serve all rooms.
  virtual bool shows_room(WireFormat format) const = 0;
};

}  // namespace sluice::workers
