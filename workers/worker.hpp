#pragma once
// Worker: one thread's loop and all that the thread owns. Nothing in it locks. Wires call it about their connection;
// control calls it through jobs (workers/commands.hpp). Every member is for the worker's own thread, but for the
// constructor, add_listener() and the const metrics().

#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.hpp"
#include "base/byte_budget.hpp"
#include "base/clock.hpp"
#include "base/log_limit.hpp"
#include "base/owner_thread.hpp"
#include "base/result.hpp"
#include "workers/acceptor.hpp"
#include "workers/connection_info.hpp"
#include "workers/delivery.hpp"
#include "workers/drain_plan.hpp"
#include "workers/endings.hpp"
#include "workers/flusher.hpp"
#include "workers/frames.hpp"
#include "workers/mailbox.hpp"
#include "workers/metrics.hpp"
#include "workers/options.hpp"
#include "workers/readiness.hpp"
#include "workers/rooms.hpp"
#include "workers/sequencer.hpp"
#include "workers/slab.hpp"
#include "workers/timer_wheel.hpp"
#include "workers/transport.hpp"
#include "workers/wire.hpp"

namespace sluice::workers {

// How a connection becomes a member of everyone and of its first rooms.
struct Announcement {
  base::NamespaceId name_space;
  WireFormat format = 0;
  std::vector<RoomKey> rooms;  // named ones and its user's; no key twice, at most Options::rooms_per_connection_max
  std::optional<base::Position> since;  // resumes from there
};

// What the wire tells its client before anything else.
struct Announced {
  base::Position position;  // the client's position: `since` if that could be resumed from, else the newest
  Gap gap = Gap::none;
  std::vector<std::shared_ptr<const Message>> missed;  // to be handed to Worker::replay
};

class Worker {
 public:
  struct Parts {
    base::WorkerId id;
    std::uint32_t incarnation;
    const Options& options;
    Edge& edge;
    Mailbox& mailbox;
    std::span<const std::unique_ptr<Sequencer>> sequencers;  // by namespace
    base::ByteBudget& queued;                                // bytes of frames, of all workers
    base::ByteBudget& connections;                           // counts connections, of all workers
  };
  explicit Worker(Parts parts);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // Takes a bound, listening, non-blocking socket. Before run() only.
  void add_listener(int descriptor, ListenerKind kind) { acceptor_.add(descriptor, kind); }
  // Turns until stop() is called, then ends what is left. Makes the calling thread the owner.
  void run();

  // --- for wires, about the connection that they were called with ---

  // The turn's time: read once, when the loop woke up.
  base::TimePoint now() const { return now_; }
  // Sets the connection's one deadline, at which Wire::on_deadline is called; at most a tick of the wheel late.
  void arm(Connection& connection, base::TimePoint deadline) { wheel_.arm(connection.slot(), deadline); }
  void disarm(Connection& connection) { wheel_.disarm(connection.slot()); }
  // Queues a frame that is no message: behind what is queued, and under no slow policy.
  void send(Connection& connection, std::string_view frame) { delivery_.send_control(connection, frame, now_); }
  // Gives the connection another wire from the next byte on. The caller's wire lives until its handler has returned.
  void become(Connection& connection, std::unique_ptr<Wire> wire);
  // Makes the connection a member, in one step with taking what it missed. The wire sends its client what this says,
  // then calls replay(). Once per connection.
  Announced announce(Connection& connection, Announcement announcement);
  void replay(Connection& connection, std::vector<std::shared_ptr<const Message>> missed);
  // Tells the client, if its wire can, that it has lost messages.
  void tell_gap(Connection& connection, GapReason reason) { delivery_.tell_gap(connection, reason, now_); }
  // Hands a client's message to the sequencer, for everyone that `message->target` names.
  // Errc::exhausted: a mailbox is full; pause reads and come again.
  base::Result<Receipt> publish(const std::shared_ptr<Message>& message);
  // Delivers `message` to this connection alone.
  void deliver_to(Connection& connection, const std::shared_ptr<const Message>& message) {
    delivery_.deliver_to(connection, message, now_);
  }
  // Counts a data message of the client's, whatever becomes of it.
  void count_received(Connection& connection, std::size_t payload_bytes);
  // Takes no more bytes from the client for now; the worker resumes by itself once mailboxes have room. Inside
  // on_bytes: return what was taken until then.
  void pause_reads(Connection& connection);
  // Ends the connection at the next safe point: with the wire's last words, or without any.
  void end(Connection& connection, Ending ending);
  void abandon(Connection& connection, EndReason reason);
  // The last words are in the outbox and nothing is awaited from the client: the socket is closed behind them.
  void close_after_flush(Connection& connection) { connection.closes_after_flush_ = true; }

  base::ConnectionId id_of(const Connection& connection) const;
  base::Address remote_address(const Connection& connection) const;
  base::Address local_address(const Connection& connection) const;
  // The rooms that the client named or was put into, without the implicit ones.
  std::vector<RoomKey> named_rooms(const Connection& connection) const;
  std::size_t named_room_count(const Connection& connection) const;

  // --- for commands ---

  struct RoomsChange {
    bool changed = false;  // joined or left at least one
    bool refused = false;  // at its bound of rooms
  };
  RoomsChange join(Connection& connection, std::span<const RoomKey> rooms);
  RoomsChange leave(Connection& connection, std::span<const RoomKey> rooms);
  ConnectionInfo info_of(const Connection& connection) const;
  // The connection, if it lives here under exactly this id and speaks its wire.
  Connection* find(base::ConnectionId id);
  Slab& slab() { return slab_; }
  Delivery& delivery() { return delivery_; }
  const Rooms& rooms() const { return rooms_; }

  void stop_accepting() { stops_accepting_ = true; }
  void drain(std::chrono::milliseconds over, Ending ending);
  void cancel_drain() { drain_.reset(); }
  void stop() { stops_ = true; }

  base::WorkerId id() const { return parts_.id; }
  Metrics& metrics() { return metrics_; }
  const Metrics& metrics() const { return metrics_; }  // any thread
  const Options& options() const { return parts_.options; }
  Sequencer& sequencer(base::NamespaceId id) { return *parts_.sequencers[id.value]; }
  // How many lines about peers' faults may be written; shared by all wires of the worker.
  base::LogLimit& log_limit() { return log_limit_; }

 private:
  static constexpr std::size_t read_bytes = 262144;  // at most, from one connection a turn

  std::chrono::nanoseconds time_to_wait() const;
  void turn();
  void on_event(std::uint64_t tag, std::uint32_t events);
  void open(int descriptor, ListenerKind kind);
  Transport::Progress receive(Connection& connection);
  void log_failure(const Connection& connection);
  void read(Connection& connection);
  void take_bytes(Connection& connection, std::span<char> bytes);
  void read_again();
  void resume_reads();
  void again(Connection& connection);
  void on_deadline(Connection& connection);
  void run_mail();
  void deliver_batch();
  void run_job(const std::function<void(Worker&)>& job);
  void perform_endings();
  void say_goodbye(Connection& connection, const Ending& ending);
  void release(Connection& connection);
  void leave_all(Connection& connection);
  void forget_outbox(Connection& connection, bool everything);
  void run_drain();
  void every_second();
  void handler_failed(Connection& connection, const char* why);
  // Runs one of the wire's handlers. What escapes it ends this connection alone.
  template <class Handler>
  void guard(Connection& connection, Handler&& handler) {
    try {
      handler();
    } catch (const std::exception& error) {
      handler_failed(connection, error.what());
    }
    retired_wire_.reset();
  }
  // For Rooms, which moves another connection's membership up when one leaves.
  auto memberships_of() {
    return [this](std::uint32_t slot) -> Memberships& { return slab_.at(slot).memberships_; };
  }

  Parts parts_;
  base::OwnerThread owner_;
  Metrics metrics_;
  base::TimePoint now_;
  Slab slab_;
  Rooms rooms_;
  Frames frames_;
  Endings endings_;
  Flusher flusher_;
  Delivery delivery_;
  Readiness readiness_;
  TimerWheel wheel_;
  base::LogLimit log_limit_;
  std::mt19937_64 random_;
  std::unique_ptr<char[]> read_buffer_;
  std::unique_ptr<Wire> retired_wire_;  // of the connection whose handler runs

  Acceptor acceptor_;
  bool stops_ = false, stops_accepting_ = false;
  base::TimePoint next_second_{};
  struct SlotGeneration {
    std::uint32_t slot, generation;
  };
  std::vector<SlotGeneration> again_;
  std::vector<SlotGeneration> paused_;
  std::vector<Mail> mail_;
  std::size_t mail_begin_ = 0;  // of mail_: what was not yet handled
  bool has_mail_ = false;       // in the mailbox: it woke this worker, or this worker published, which wakes nobody
  std::vector<std::shared_ptr<const Message>> batch_;
  std::optional<DrainPlan> drain_;
};

}  // namespace sluice::workers
