#pragma once
// Worker: one thread's loop and all that the thread owns. Nothing in it locks. Wires call it about their connection;
// control calls it through jobs (workers/commands.hpp). Every member is for the worker's own thread, but for the
// constructor, add_listener(), add_port() and the const metrics().

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <queue>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/address.hpp"
#include "base/byte_budget.hpp"
#include "base/clock.hpp"
#include "base/log_limit.hpp"
#include "base/owner_thread.hpp"
#include "base/result.hpp"
#include "overload/relief.hpp"
#include "workers/acceptor.hpp"
#include "workers/announcement.hpp"
#include "workers/backend.hpp"
#include "workers/broker.hpp"
#include "workers/connection_info.hpp"
#include "workers/delivery.hpp"
#include "workers/drain_plan.hpp"
#include "workers/endings.hpp"
#include "workers/flusher.hpp"
#include "workers/frames.hpp"
#include "workers/listening_sockets.hpp"
#include "workers/mailbox.hpp"
#include "workers/metrics.hpp"
#include "workers/namespaces.hpp"
#include "workers/options.hpp"
#include "workers/rate_limits.hpp"
#include "workers/readiness.hpp"
#include "workers/relieving.hpp"
#include "workers/rooms.hpp"
#include "workers/sequencer.hpp"
#include "workers/set_aside.hpp"
#include "workers/slab.hpp"
#include "workers/timer_wheel.hpp"
#include "workers/transport.hpp"
#include "workers/wallet.hpp"
#include "workers/watched_port.hpp"
#include "workers/wire.hpp"

namespace sluice::workers {

class Worker {
 public:
  struct Parts {
    base::WorkerId id;
    std::uint32_t incarnation;
    const Options& options;
    Edge& edge;
    Backend& backend;
    Broker& broker;
    std::span<const std::unique_ptr<Mailbox>> mailboxes;  // of all workers, by id
    const Namespaces& namespaces;
    std::span<const std::unique_ptr<Sequencer>> sequencers;  // by namespace; those that exist
    base::ByteBudget& queued;                                // bytes of frames, of all workers
    Places& sockets;                                         // of connections that have one, of all workers
    base::ByteBudget& sessions;                              // counts those that have none, likewise: they cost no file
    const overload::Relief& relief;                          // what is done about overload, of all workers
  };
  explicit Worker(Parts parts);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // Takes a bound, listening, non-blocking socket. Before run() only.
  void add_listener(int descriptor, ListenerKind kind, const ListenerTerms& terms) {
    acceptor_.add(descriptor, kind, terms);
  }
  // Likewise a port whose descriptor does not block. Throws std::system_error if the kernel does not watch it.
  void add_port(std::unique_ptr<WatchedPort> port);
  // Turns until stop() is called, then ends what is left. Makes the calling thread the owner.
  void run();

  // --- for wires, about the connection that they were called with ---

  // The turn's time: read once, when the loop woke up.
  base::TimePoint now() const { return now_; }
  // Sets the connection's one deadline, at which Wire::on_deadline is called; at most a tick of the wheel late.
  void arm(Connection& connection, base::TimePoint deadline) { wheel_.arm(connection.slot(), deadline); }
  void disarm(Connection& connection) { wheel_.disarm(connection.slot()); }
  // Queues a frame that is no message, behind what is queued and under no slow policy; a rider's by its carrier.
  void send(Connection& connection, std::string_view frame) {
    delivery_.send_control(slab_.carrier_of(connection), frame, now_);
  }
  // Gives the connection another wire from the next byte on. The caller's wire lives until its handler has returned.
  void become(Connection& connection, std::unique_ptr<Wire> wire);
  // Whether what becomes of messages and rooms may be known later than at once.
  bool has_shared_broker() const { return parts_.broker.is_shared(); }
  // Whether members of everyone and of those rooms would get all that is published from now on, and all after `since`
  // if that is given. If so, that stays true for ten seconds.
  bool is_covered(base::NamespaceId name_space, std::span<const RoomKey> rooms, std::optional<base::Position> since);
  // Sees to it that this is so. Gives the outcome, or nothing if that takes a while: then `then`, which may be null, is
  // called later, or the worker at least takes a turn, in which paused reads are resumed. Errc::unavailable: the broker
  // is away.
  using OnPrepared = std::function<void(Worker&, const base::Status&)>;
  std::optional<base::Status> prepare(base::NamespaceId name_space, std::vector<RoomKey> rooms,
                                      std::optional<base::Position> since, OnPrepared then);
  // Makes the connection a member, in one step with taking what it missed, for which its rooms were prepared. The wire
  // sends its client what this says, then calls replay(). Once per connection.
  Announced announce(Connection& connection, Announcement announcement);
  void replay(Connection& connection, std::vector<std::shared_ptr<const Message>> missed);
  // Tells the client, if its wire can, that it has lost messages.
  void tell_gap(Connection& connection, GapReason reason) { delivery_.tell_gap(connection, reason, now_); }
  // Likewise all clients of the target.
  void tell_gap(const Target& target, GapReason reason);
  // Hands a client's message to the broker, for everyone that `message->target` names. Gives the outcome, or nothing
  // if that takes a while: then `then`, which may be null, is called later. Errc::exhausted: something is full; pause
  // reads and come again.
  using OnReceipt = std::function<void(Worker&, const base::Result<Receipt>&)>;
  std::optional<base::Result<Receipt>> publish(const std::shared_ptr<Message>& message, OnReceipt then);
  // Delivers `message` to this connection alone.
  void deliver_to(Connection& connection, const std::shared_ptr<const Message>& message) {
    delivery_.deliver_to(connection, message, now_);
  }
  // Tells backends, if they want to know, that this announced connection is there, `moved_from` another node's.
  void tell_connected(Connection& connection, ConnectDetails details, bool is_recovered = false,
                      const base::ConnectionId& moved_from = {});
  // What they would be told if they had to be told again, without details; nothing if they do not know of it.
  std::optional<ClientEvent> told_again(const Connection& connection) const;
  // Asks backends whether this connection may be announced. False if nobody is there to say; else Edge::on_verdict is
  // called, or nothing happens. Either tell_connected() or forget_verdict() follows.
  [[nodiscard]] bool ask_verdict(const Connection& connection, std::uint64_t number, VerdictQuestion question);
  void forget_verdict(const base::ConnectionId& connection) { parts_.backend.forget(connection); }
  // Hands a client's message to the backends; its target has the rooms that the client named. `full`: pause reads and
  // come again.
  Backend::Offer tell_message(const Connection& connection, std::shared_ptr<const Message> message,
                              std::optional<std::uint64_t> ack_id = std::nullopt);
  // Whether backends that hear of this connection's rooms are behind: then it had better not move.
  bool is_backend_behind(const Connection& connection) const {
    const bool is_told = parts_.backend.wants(ClientEvent::Kind::joined) ||
                         parts_.backend.wants(ClientEvent::Kind::left) ||
                         parts_.backend.wants(ClientEvent::Kind::room_occupied);
    return is_told && parts_.backend.is_behind(id_of(connection));
  }
  // Counts a data message of the client's. False: it came faster than it may, and goes no further.
  [[nodiscard]] bool count_received(Connection& connection, std::size_t payload_bytes);
  // It went nowhere.
  void drop_received(DropReason reason) { metrics_.drops[static_cast<std::size_t>(reason)].add(); }
  // Takes no more bytes from the client for now; the worker resumes by itself once mailboxes have room. Inside
  // on_bytes: return what was taken until then.
  void pause_reads(Connection& connection);
  // As a proxy that is trusted says; nothing: as the socket has it.
  void set_remote_address(Connection& connection, const std::optional<base::Address>& address);
  // What is left of a timeout while time for it is short, and whether new clients are turned away (overload/).
  base::Duration shortened(base::Duration timeout);
  [[nodiscard]] bool refuses_clients();
  // Ends the connection at the next safe point: with the wire's last words, or without any.
  void end(Connection& connection, Ending ending);
  void abandon(Connection& connection, EndReason reason);
  // The last words are in the outbox and nothing is awaited from the client: the socket is closed behind them.
  void close_after_flush(Connection& connection) { connection.closes_after_flush_ = true; }

  // --- for wires whose sessions are more than one socket, or less ---

  // Runs `job` on another worker's thread, behind the mail that it has. However full its mailbox is: for what is
  // bounded by connections, such as a request that is carried to its session and the answer that is carried back.
  void post(base::WorkerId to, std::function<void(Worker&)> job);
  // Opens a connection without a socket: what is queued for it goes through `transport`, which takes nothing until
  // unblock() is called. Null if there are as many of those as may be.
  Connection* open_session(std::unique_ptr<Wire> wire, std::unique_ptr<Transport> transport);
  // Opens a member of its own that is heard through the outbox of `carrier`, under its limits. It has no socket and no
  // bytes; the carrier's wire ends it when the carrier ends. It has no part in drains.
  Connection& open_rider(Connection& carrier, std::unique_ptr<Wire> wire);
  Connection& carrier_of(Connection& rider) { return slab_.carrier_of(rider); }
  // The client of a connection without a socket has shown itself.
  void note_life(Connection& connection);
  // Writes all that a connection without a socket has still to get to its transport, which takes all of it.
  void write_all(Connection& connection);
  // Up to where a member has been given all messages that are stored, of a broker's order that all nodes share.
  base::Position given_through(const Connection& member);
  // The transport takes bytes again.
  void unblock(Connection& connection) { flusher_.unblock(connection); }
  // Gives the connection's socket, its transport and the bytes that on_bytes leaves to `session`, which lives here and
  // has been without. Happens at the loop's next safe point, where the connection itself ends without a word; if the
  // session is gone by then, the socket ends too.
  void give_socket(Connection& connection, const Connection& session);
  // Lets the connection go on at another worker as if it had been accepted there: its first bytes there are `unread`,
  // then what on_bytes leaves. Nothing may have been sent on it.
  void hand_over(Connection& connection, base::WorkerId to, std::string unread);
  // Hands bytes to the connection's wire as if they had just been read.
  void feed(Connection& connection, std::span<char> bytes) { take_bytes(connection, bytes); }
  // The connection, if it is still there, and if it is open; good until the loop goes on.
  Connection* find_slot(std::uint32_t slot, std::uint32_t generation) { return slab_.find(slot, generation); }
  Connection* find_open(std::uint32_t slot, std::uint32_t generation);
  // Runs what concerns another connection than the one whose handler runs: what escapes it ends that one alone.
  template <class Handler>
  void run_for(Connection& connection, Handler&& handler) {
    guard(connection, std::forward<Handler>(handler));
  }

  base::ConnectionId id_of(const Connection& connection) const;
  base::Address remote_address(const Connection& connection) const;
  base::Address local_address(const Connection& connection) const;
  // Calls each(key, joined place) for each room, implicit ones included.
  template <class Each>
  void for_each_room(const Connection& connection, Each&& each) const {
    for (const Memberships::Membership& one : connection.memberships().all()) {
      each(one.room->key(), one.room->members()[one.place].joined_place);
    }
  }
  // What it was let in with; null if nothing was asked for. Good until the loop goes on.
  const Credentials* credentials_of(const Connection& connection) const;
  // The client has shown new ones.
  void renew(Connection& connection, std::shared_ptr<const Credentials> credentials);
  // Empty: nobody in particular.
  std::string user_of(const Connection& connection) const;
  // The rooms that the client named or was put into, without the implicit ones.
  std::vector<RoomKey> named_rooms(const Connection& connection) const;
  std::size_t named_room_count(const Connection& connection) const;
  bool is_in(const Connection& connection, const RoomKey& room) const {
    return rooms_.is_member(connection.name_space(), room, connection.memberships());
  }

  // --- for commands ---
  struct RoomsChange {
    bool changed = false;  // joined or left at least one
    bool refused = false;  // at its bound of rooms
  };
  RoomsChange join(Connection& connection, std::span<const RoomKey> rooms);
  // Joins those rooms, of which it is in none and which do not put it over its bound, and takes what they missed. The
  // wire sends its client what this says, then calls replay().
  Announced join_since(Connection& connection, std::span<const RoomKey> rooms, std::optional<base::Position> since);
  RoomsChange leave(Connection& connection, std::span<const RoomKey> rooms);
  // Ends those whose credentials are good no more; returns how many.
  std::uint64_t revoke(const Revoked& revoked);
  ConnectionInfo info_of(const Connection& connection) const;
  MemberInfo member_of(const Connection& connection) const;
  void take_answer(base::ConnectionId connection, std::uint64_t ack_id, const Message& answer);
  // False: nobody waits for it.
  bool take_verdict(std::uint64_t number, const Verdict& verdict) {
    return parts_.edge.on_verdict(*this, number, verdict);
  }
  // The connection, if it lives here under exactly this id and speaks its wire.
  Connection* find(base::ConnectionId id);
  Slab& slab() { return slab_; }
  Delivery& delivery() { return delivery_; }
  const Rooms& rooms() const { return rooms_; }

  // Takes no new connections: until undrain(), or for good.
  void stop_accepting(bool for_good);
  // Likewise for good, and leaves what the listeners have queued, and all that comes to ports, to another process.
  void give_up_listeners();
  // Whoever watches for overload asked for it then: measures, and does what is to be done.
  void relieve(base::TimePoint asked, bool measures_sockets);
  bool is_accepting() const { return is_accepting_; }
  void drain(DrainWish wish);
  // Begins to end so many of a hundred connections; returns how many.
  std::uint64_t shed(DrainWish wish, double percent);
  // Undoes stop_accepting() as far as the kernel is concerned. Errc::unavailable if that cannot be; may_listen() asks
  // whether it can, of one worker before any of them listens: it listens there for a moment.
  base::Status may_listen() const;
  base::Status listen_again();
  void listen_later() { acceptor_.stop_listening(); }  // before its thread runs; with listen_again() it does
  // Takes new connections, and ends nobody any more for a drain or a shed. Once all workers listen.
  void undrain();
  ListeningSockets listening_sockets() const;
  void stop() { stops_ = true; }
  base::WorkerId id() const { return parts_.id; }
  std::size_t worker_count() const { return parts_.mailboxes.size(); }
  std::uint32_t incarnation() const { return parts_.incarnation; }
  Metrics& metrics() { return metrics_; }
  const Metrics& metrics() const { return metrics_; }  // any thread
  const Options& options() const { return parts_.options; }
  Sequencer& sequencer(base::NamespaceId id) const { return *parts_.sequencers[id.value]; }
  // How many lines about peers' faults may be written; shared by all wires of the worker.
  base::LogLimit& log_limit() { return log_limit_; }

 private:
  static constexpr std::size_t read_bytes = 262144;  // at most, from one connection a turn
  static constexpr std::uint32_t watched_edges = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;

  // One on its way to another worker.
  struct Traveller;
  struct Port {
    std::unique_ptr<WatchedPort> port;
    bool is_full = false;  // the kernel takes no more of it for now
  };

  void measure_sockets();
  void note_socket_bytes(std::uint32_t slot, std::uint32_t bytes);
  void pause_loudest(double degree);
  void close_slowest(double degree, base::TimePoint now);
  void discard_unsent(const Connection& connection);

  std::chrono::nanoseconds time_to_wait() const;
  void turn();
  void on_event(std::uint64_t tag, std::uint32_t events);
  void on_port(Port& port, std::uint32_t events);
  void write_ports();
  void open(int descriptor, ListenerKind kind);
  Transport::Progress receive(Connection& connection);
  void log_failure(const Connection& connection);
  void read(Connection& connection);
  void take_bytes(Connection& connection, std::span<char> bytes);
  void read_again();
  void delay_reads(Connection& connection, base::Duration delay);
  void resume_reads();
  void resume_reads_of(const SlotGeneration& entry);
  void again(Connection& connection);
  void on_deadline(Connection& connection);
  void run_mail();
  void deliver_batch();
  void run_job(const std::function<void(Worker&)>& job);
  void perform_endings();
  void perform_departures();
  void send_away(Connection& connection, base::WorkerId to, std::string unread);
  void adopt_socket(Connection& session, Connection& giver);
  void arrive(Traveller& traveller);
  void leave_slot(Connection& connection);
  // Whether the kernel watches the socket; a connection whose socket it does not is ended.
  bool is_watched(Connection& connection, bool has_added);
  void say_goodbye(Connection& connection, const Ending& ending);
  void release(Connection& connection);
  Announced announced_of(Joined joined, std::optional<base::Position> since);
  void keep_covered(base::NamespaceId name_space, std::span<const RoomKey> rooms);
  Joined join_fresh(Connection& connection, std::span<const RoomKey> rooms, std::optional<base::Position> since);
  void leave_all(Connection& connection);
  void forget_credentials(Connection& connection);
  // What a proxy told, if one did.
  std::optional<base::Address> remote_address_told(const Connection& connection) const;
  ClientEvent event_of(const Connection& connection, ClientEvent::Kind kind) const;
  ClientEvent connected_event(const Connection& connection) const;
  void tell_disconnected(Connection& connection);
  void tell_rooms(const Connection& connection, ClientEvent::Kind kind, std::span<const RoomKey> rooms);
  void tell_dropped();
  void forget_outbox(Connection& connection, bool everything);
  void run_drains();
  void run_plan(DrainPlan& plan);
  void end_aged();
  void every_second();
  void expire(std::uint32_t slot, const char* why);
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
  Mailbox& mailbox() { return *parts_.mailboxes[parts_.id.value]; }
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
  std::vector<Departure> departures_;
  Flusher flusher_;
  Delivery delivery_;
  Readiness readiness_;
  TimerWheel wheel_;
  base::LogLimit log_limit_;
  std::mt19937_64 random_;
  std::unique_ptr<char[]> read_buffer_;
  std::unique_ptr<Wire> retired_wire_;  // of the connection whose handler runs
  Acceptor acceptor_;
  std::vector<Port> ports_;
  bool stops_ = false, stops_accepting_ = false, is_accepting_ = true, is_leaving_ = false;
  bool has_given_ports_ = false;  // nothing is read from them any more
  base::TimePoint next_second_{};
  std::vector<SlotGeneration> again_, paused_;
  std::priority_queue<Delayed, std::vector<Delayed>, std::greater<>> delayed_;
  RateLimits rate_limits_;
  boost::unordered_flat_map<std::uint32_t, base::Address> remote_addresses_;  // by slot: those that proxies told
  std::vector<Mail> mail_;
  std::size_t mail_begin_ = 0;  // of mail_: what was not yet handled
  bool has_mail_ = false;       // in the mailbox: it woke this worker, or this worker published, which wakes nobody
  std::vector<std::shared_ptr<const Message>> batch_;
  std::vector<std::uint64_t> delivered_places_;  // by namespace: the last one that was delivered here
  std::optional<DrainPlan> drain_, shed_;
  std::uint32_t aged_slot_ = 0;  // where to go on looking for those that are too old
  Wallet wallet_;
  Relieving relieving_;
};

}  // namespace sluice::workers
