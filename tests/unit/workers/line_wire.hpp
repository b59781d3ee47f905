#pragma once
// LineWire: a plain protocol for tests of whole workers: a line is a command, and every byte comes back.
//   join KEY...              becomes a member; "open OFFSET GAP", then messages. A key is a room, or user:NAME.
//   resume POSITION KEY...   the same from a position on
//   say ROOM TEXT            publishes;  echo TEXT  delivers to itself;  ping  is answered with pong
//   arm MILLISECONDS         "deadline" when it has passed;  bytes  tells how many have come
//   become                   speaks ShoutWire from the next byte on
//   end TEXT, vanish, throw  end the connection

#include <atomic>
#include <memory>
#include <string>

#include "workers/worker.hpp"

namespace sluice::workers {

class LineEdge;

class LineWire : public Wire {
 public:
  explicit LineWire(LineEdge& edge) : edge_(edge) {}

  Protocol protocol() const override { return Protocol::http; }
  void on_start(Worker& worker, Connection& connection) override;
  std::size_t on_bytes(Worker& worker, Connection& connection, std::span<char> bytes) override;
  void on_resume(Worker& worker, Connection& connection) override;
  void on_end_of_stream(Worker& worker, Connection& connection) override;
  void on_deadline(Worker& worker, Connection& connection) override;
  void on_ending(Worker& worker, Connection& connection, const Ending& ending) override;

 private:
  void obey(Worker& worker, Connection& connection, const std::string& line);
  void join(Worker& worker, Connection& connection, std::optional<base::Position> since, std::istream& keys);
  void say(Worker& worker, Connection& connection, std::istream& words);

  LineEdge& edge_;
  std::string line_;  // what has come of it
  std::size_t bytes_ = 0;
  std::shared_ptr<Message> held_;  // no mailbox had room for it
};

// Gives each line back in front of "SHOUT".
class ShoutWire : public LineWire {
 public:
  using LineWire::LineWire;
  Protocol protocol() const override { return Protocol::websocket; }
  std::size_t on_bytes(Worker& worker, Connection& connection, std::span<char> bytes) override;
};

// Messages are lines: the room, '@', the offset, ':', the data.
class LineEdge : public Edge {
 public:
  std::unique_ptr<Transport> make_transport(Worker&, ListenerKind kind, int) override;
  std::unique_ptr<Wire> make_wire(Worker&, ListenerKind) override;
  void encode(base::WorkerId, WireFormat, const Message& message, const RoomKey* room, std::string& out) override;
  void encode_gap(WireFormat, GapReason, std::string& out) const override { out += "GAP\n"; }
  bool shows_room(WireFormat) const override { return true; }

  static constexpr ListenerKind with_transport = 1;  // its sockets have an EagerTransport

  std::atomic<int> pauses = 0;               // of reads
  std::atomic<bool> fails_to_start = false;  // the next wire's handler throws
};

}  // namespace sluice::workers
