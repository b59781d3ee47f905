#pragma once
// Pool: the heart's front door. Starts and stops the workers, takes messages from any thread, and lets control ask each
// worker to do something on its own thread. All members are for any thread, unless they say otherwise.

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/byte_budget.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"
#include "overload/metrics.hpp"
#include "overload/options.hpp"
#include "workers/backend.hpp"
#include "workers/broker.hpp"
#include "workers/connection_info.hpp"
#include "workers/drain_plan.hpp"
#include "workers/listening_sockets.hpp"
#include "workers/message.hpp"
#include "workers/metrics.hpp"
#include "workers/namespaces.hpp"
#include "workers/options.hpp"
#include "workers/sequencer.hpp"
#include "workers/watched_port.hpp"
#include "workers/wire.hpp"

namespace sluice::workers {

class Worker;

class Pool {
 public:
  // `edge` makes wires for accepted sockets and encodes messages; `backend` is told what clients do, `broker`
  // carries messages; all outlive the pool. `options` are validated. `incarnation` and `epoch` are random, made at the
  // start of the process. Without `overload`, which outlives the pool too, nobody watches for that.
  Pool(const Options& options, std::uint32_t incarnation, std::uint64_t epoch, Edge& edge,
       Backend& backend = NoBackend::instance(), Broker& broker = EmbeddedBroker::instance(),
       const overload::Options* overload = nullptr);
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  // Gives the worker a bound, listening, non-blocking socket, which the pool then owns. Before start() only.
  void add_listener(base::WorkerId worker, int descriptor, ListenerKind kind = 0, const ListenerTerms& terms = {});
  // Likewise a port whose descriptor does not block.
  void add_port(base::WorkerId worker, std::unique_ptr<WatchedPort> port);
  // Between both whoever connects is refused. Before start() only.
  void listen_later();
  base::Status listen_now();
  // Starts the threads. Throws std::system_error if one cannot be started or pinned.
  void start();
  // Ends what is left, at once, and joins the threads. The caller's thread only; must not be a worker.
  void stop();

  const Options& options() const;
  std::size_t worker_count() const;
  Namespaces& namespaces();
  const Namespaces& namespaces() const;

  // Whether what becomes of messages and rooms may be known later than at once.
  bool has_shared_broker() const;
  // Gives `message` its place and sends it on its way; OK means accepted (ARCHITECTURE.md, what stays true, 7). Sets
  // message->accepted if it is not set. Errc::bad_request if the target is empty; else as Broker::publish, as which
  // `key`.
  std::optional<base::Result<Receipt>> publish(const std::shared_ptr<Message>& message, Broker::OnReceipt then,
                                               std::string_view key = {});
  // As Broker::prepare: what a room's history is asked for after.
  std::optional<base::Status> prepare(base::NamespaceId name_space, std::span<const RoomKey> rooms,
                                      std::optional<base::Position> since, Broker::OnPrepared then);

  // Runs `job` on the worker's thread, behind all mail that is there. False, and `job` is destroyed, if the mailbox is
  // full or the pool has stopped: the caller's wait must have a deadline anyway.
  [[nodiscard]] bool post(base::WorkerId worker, std::function<void(Worker&)> job);
  // Likewise, however full its mailbox is: for what is bounded otherwise, such as by connections.
  void force(base::WorkerId worker, std::function<void(Worker&)> job);

  Sequencer& sequencer(base::NamespaceId id);
  const Sequencer& sequencer(base::NamespaceId id) const;

  // Hands a backend's answer to the client that waits for it, if it still does; behind all mail that is there. False as
  // post().
  [[nodiscard]] bool answer(base::ConnectionId connection, std::uint64_t ack_id, std::shared_ptr<const Message> answer);

  // Hands a backend's verdict to the client that waits for it; `then` learns, on the worker's thread, whether it still
  // did. False as post().
  [[nodiscard]] bool give_verdict(base::ConnectionId connection, std::uint64_t number, Verdict verdict,
                                  std::function<void(bool)> then);

  // Stops taking new connections: whoever comes is refused, once what listeners had queued is accepted. For good:
  // nothing undoes that.
  enum class Stop : std::uint8_t { for_now, for_good };
  void stop_accepting(Stop how);
  // Likewise for good, when another process has the sockets: what they have queued is for that one. Behind it no worker
  // accepts any more, but for one that does not answer until `deadline`.
  bool give_up_listeners(base::TimePoint deadline);
  // Ends the connections there are, spread evenly over a time with jitter. New ones that come meanwhile are ended at
  // the end of the plan. Calling it again replaces the plan; it takes a shed's place, too.
  void drain(const DrainWish& wish);
  bool is_draining() const;
  // How long the plan has still to go; 0 if it is over or there is none.
  std::chrono::milliseconds drain_left() const;
  // Takes new connections, and ends nobody any more for a drain or a shed. Each worker listens again already
  // (workers::listen_again).
  void undrain();
  // Whether it stopped accepting for good.
  bool is_leaving() const;
  // Copies of all workers' listeners and ports; fails if one does not answer until `deadline`. Not from a worker.
  base::Result<std::vector<ListeningSockets>> listening_sockets(base::TimePoint deadline);

  // Open connections, handshakes included; may lag by a turn.
  std::uint64_t connections() const;
  const Metrics& metrics(base::WorkerId worker) const;
  std::size_t mailbox_depth(base::WorkerId worker) const;
  // Whether some worker is so far behind that a publisher who can wait should. Any thread.
  bool is_crowded() const;
  // Null: the node is alone.
  const BrokerMetrics* broker_metrics() const;
  // Null: nobody watches for overload.
  const overload::Metrics* overload_metrics() const;
  const base::ByteBudget& queued_bytes() const;
  const base::ByteBudget& history_bytes() const;
  // How long ago the worker that turned least recently turned last. Idle workers turn at least once a second.
  std::chrono::milliseconds slowest_turn_age() const;
  std::uint32_t incarnation() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sluice::workers
