#include "workers/pool.hpp"

#include <algorithm>
#include <future>
#include <limits>
#include <system_error>
#include <thread>

#include "base/assert.hpp"
#include "base/log.hpp"
#include "workers/cores.hpp"
#include "workers/overload_watch.hpp"
#include "workers/worker.hpp"

namespace sluice::workers {

struct Pool::State {
  State(const Options& options_of, std::uint32_t incarnation_of, std::uint64_t epoch, Edge& edge, Backend& backend,
        Broker& broker, const overload::Options* overload);

  const Options options;
  const std::uint32_t incarnation;
  Backend& backend;
  Broker& broker;
  base::ByteBudget queued, history;
  Places sockets;
  base::ByteBudget sessions;
  const overload::Options* const overload_options;  // null: nobody watches
  overload::Relief relief;
  overload::Metrics overload_metrics;
  std::vector<std::unique_ptr<Mailbox>> mailboxes;
  std::vector<std::unique_ptr<Sequencer>> sequencers;  // as many as there may be namespaces
  Namespaces namespaces;
  std::vector<std::unique_ptr<Worker>> workers;
  std::vector<std::thread> threads;
  // Set by whoever drains, one at a time.
  base::Cell draining;                   // 1 while it drains
  base::Cell leaving;                    // 1 once it accepts nobody for good
  base::Cell drain_ends_at_ms;           // of the clock
  std::unique_ptr<OverloadWatch> watch;  // runs from start() to stop()
};

namespace {

std::vector<std::unique_ptr<Mailbox>> make_mailboxes(const Options& options) {
  std::vector<std::unique_ptr<Mailbox>> mailboxes(options.workers != 0 ? options.workers : usable_cores());
  for (auto& mailbox : mailboxes) {
    mailbox = std::make_unique<Mailbox>(options.mailbox_bytes_max, options.mailbox_messages_max);
  }
  return mailboxes;
}

std::uint64_t milliseconds_of(base::TimePoint time) {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count());
}

std::vector<Mailbox*> pointers_to(const std::vector<std::unique_ptr<Mailbox>>& mailboxes) {
  std::vector<Mailbox*> pointers;
  pointers.reserve(mailboxes.size());
  for (const auto& mailbox : mailboxes) pointers.push_back(mailbox.get());
  return pointers;
}

// What `job` gives on each worker.
template <class Job>
auto asked_of_all(const std::vector<std::unique_ptr<Mailbox>>& mailboxes, const Job& job) {
  using Answer = std::invoke_result_t<Job, Worker&>;
  std::vector<std::future<Answer>> answers;
  answers.reserve(mailboxes.size());
  for (const auto& mailbox : mailboxes) {
    const auto promise = std::make_shared<std::promise<Answer>>();
    answers.push_back(promise->get_future());
    mailbox->force([promise, job](Worker& worker) { promise->set_value(job(worker)); });
  }
  return answers;
}

}  // namespace

Pool::State::State(const Options& options_of, std::uint32_t incarnation_of, std::uint64_t epoch, Edge& edge,
                   Backend& backend_of, Broker& broker_of, const overload::Options* overload)
    : options(options_of),
      incarnation(incarnation_of),
      backend(backend_of),
      broker(broker_of),
      queued(options.queued_bytes_max),
      history(options.history_bytes_max),
      sockets(options.connections_max != 0 ? options.connections_max : std::numeric_limits<std::size_t>::max()),
      sessions(sockets.max()),
      overload_options(overload),
      mailboxes(make_mailboxes(options)),
      sequencers(options.namespaces_max),
      namespaces({options.namespaces, options.namespace_patterns, options.namespaces_max},
                 [this, epoch](base::NamespaceId id, const std::string& name) {
                   // Namespaces have orders of their own, but one history began with the process, or with the broker.
                   const bool is_mirror = broker.is_shared();
                   sequencers[id.value] =
                       std::make_unique<Sequencer>(Sequencer::Identity{id, name, is_mirror ? 0 : epoch, is_mirror},
                                                   HistoryLimits{options.history_messages, options.history_seconds},
                                                   history, pointers_to(mailboxes), backend);
                 }) {
  for (std::size_t at = 0; at < mailboxes.size(); ++at) {
    workers.push_back(std::make_unique<Worker>(
        Worker::Parts{base::WorkerId{static_cast<std::uint16_t>(at)}, incarnation, options, edge, backend, broker,
                      mailboxes, namespaces, sequencers, queued, sockets, sessions, relief}));
  }
}

Pool::Pool(const Options& options, std::uint32_t incarnation, std::uint64_t epoch, Edge& edge, Backend& backend,
           Broker& broker, const overload::Options* overload)
    : state_(std::make_unique<State>(options, incarnation, epoch, edge, backend, broker, overload)) {}

Pool::~Pool() { stop(); }

void Pool::add_listener(base::WorkerId worker, int descriptor, ListenerKind kind, const ListenerTerms& terms) {
  SLUICE_ASSERT(state_->threads.empty());
  state_->workers[worker.value]->add_listener(descriptor, kind, terms);
}

void Pool::add_port(base::WorkerId worker, std::unique_ptr<WatchedPort> port) {
  SLUICE_ASSERT(state_->threads.empty());
  state_->workers[worker.value]->add_port(std::move(port));
}

void Pool::listen_later() {
  SLUICE_ASSERT(state_->threads.empty());
  for (const auto& worker : state_->workers) worker->listen_later();
}

base::Status Pool::listen_now() {
  SLUICE_ASSERT(state_->threads.empty());
  if (auto status = state_->workers.front()->may_listen(); !status) return status;
  for (const auto& worker : state_->workers) {
    if (auto status = worker->listen_again(); !status) return status;
  }
  return base::ok();
}

void Pool::start() {
  for (std::size_t at = 0; at < state_->workers.size(); ++at) {
    Worker& worker = *state_->workers[at];
    const bool is_pinned = state_->options.pin_workers;
    state_->threads.emplace_back([&worker, at, is_pinned] {
      use_batch_scheduling();
      if (is_pinned && !pin_this_thread(at)) base::log_warning("worker_not_pinned", {{"worker", at}});
      worker.run();
    });
  }
  if (state_->overload_options == nullptr) return;
  OverloadWatch::Parts parts{
      *state_->overload_options, state_->relief, state_->overload_metrics, state_->mailboxes, {}, state_->queued};
  for (const auto& worker : state_->workers) parts.workers.push_back(&std::as_const(*worker).metrics());
  state_->watch = std::make_unique<OverloadWatch>(std::move(parts));
}

void Pool::stop() {
  state_->watch.reset();
  for (const auto& mailbox : state_->mailboxes) {
    mailbox->force([](Worker& worker) { worker.stop(); });
  }
  for (std::thread& thread : state_->threads) thread.join();
  state_->threads.clear();
  for (const auto& mailbox : state_->mailboxes) mailbox->close();
}

const Options& Pool::options() const { return state_->options; }
std::size_t Pool::worker_count() const { return state_->workers.size(); }

Namespaces& Pool::namespaces() { return state_->namespaces; }
const Namespaces& Pool::namespaces() const { return state_->namespaces; }

bool Pool::has_shared_broker() const { return state_->broker.is_shared(); }

std::optional<base::Result<Receipt>> Pool::publish(const std::shared_ptr<Message>& message, Broker::OnReceipt then,
                                                   std::string_view key) {
  if (message->target.empty()) {
    return base::Result<Receipt>(base::fail(base::Errc::bad_request, "the target names nobody"));
  }
  if (message->accepted == base::TimePoint{}) message->accepted = base::Clock::now();
  return state_->broker.publish(sequencer(message->target.name_space), message, {.key = key}, std::move(then));
}

std::optional<base::Status> Pool::prepare(base::NamespaceId name_space, std::span<const RoomKey> rooms,
                                          std::optional<base::Position> since, Broker::OnPrepared then) {
  Sequencer& one = sequencer(name_space);
  if (one.covers(rooms, since, base::Clock::now())) return base::ok();
  return state_->broker.prepare(one, rooms, since, std::move(then));
}

bool Pool::post(base::WorkerId worker, std::function<void(Worker&)> job) {
  Mailbox& mailbox = *state_->mailboxes[worker.value];
  if (!mailbox.reserve(0)) return false;
  mailbox.enqueue({nullptr, std::move(job)});
  mailbox.wake();
  return true;
}

void Pool::force(base::WorkerId worker, std::function<void(Worker&)> job) {
  state_->mailboxes[worker.value]->force(std::move(job));
}

bool Pool::answer(base::ConnectionId connection, std::uint64_t ack_id, std::shared_ptr<const Message> answer) {
  if (connection.incarnation != incarnation() || connection.worker().value >= worker_count()) return true;
  return post(connection.worker(), [connection, ack_id, answer = std::move(answer)](Worker& worker) {
    worker.take_answer(connection, ack_id, *answer);
  });
}

bool Pool::give_verdict(base::ConnectionId connection, std::uint64_t number, Verdict verdict,
                        std::function<void(bool)> then) {
  if (connection.incarnation != incarnation() || connection.worker().value >= worker_count()) {
    then(false);
    return true;
  }
  return post(connection.worker(), [number, verdict = std::move(verdict), then = std::move(then)](Worker& worker) {
    then(worker.take_verdict(number, verdict));
  });
}

Sequencer& Pool::sequencer(base::NamespaceId id) { return *state_->sequencers[id.value]; }
const Sequencer& Pool::sequencer(base::NamespaceId id) const { return *state_->sequencers[id.value]; }

void Pool::stop_accepting(Stop how) {
  const bool for_good = how == Stop::for_good;
  if (for_good) state_->leaving.set(1);
  for (const auto& mailbox : state_->mailboxes) {
    mailbox->force([for_good](Worker& worker) { worker.stop_accepting(for_good); });
  }
}

bool Pool::give_up_listeners(base::TimePoint deadline) {
  state_->leaving.set(1);
  const auto done = asked_of_all(state_->mailboxes, [](Worker& worker) {
    worker.give_up_listeners();
    return true;
  });
  return std::ranges::all_of(
      done, [deadline](const std::future<bool>& one) { return one.wait_until(deadline) == std::future_status::ready; });
}

void Pool::drain(const DrainWish& wish) {
  if (state_->draining.read() == 0) {
    ClientEvent event;
    event.kind = ClientEvent::Kind::draining;
    if (state_->backend.wants(event.kind)) static_cast<void>(state_->backend.offer(std::move(event)));
  }
  state_->draining.set(1);
  state_->drain_ends_at_ms.set(milliseconds_of(base::Clock::now() + wish.over));
  for (const auto& mailbox : state_->mailboxes) {
    mailbox->force([wish](Worker& worker) { worker.drain(wish); });
  }
}

bool Pool::is_draining() const { return state_->draining.read() != 0; }

std::chrono::milliseconds Pool::drain_left() const {
  const std::uint64_t ends_at = state_->drain_ends_at_ms.read(), now = milliseconds_of(base::Clock::now());
  return std::chrono::milliseconds(is_draining() && ends_at > now ? ends_at - now : 0);
}

void Pool::undrain() {
  state_->draining.set(0);
  for (const auto& mailbox : state_->mailboxes) {
    mailbox->force([](Worker& worker) { worker.undrain(); });
  }
}

bool Pool::is_leaving() const { return state_->leaving.read() != 0; }

base::Result<std::vector<ListeningSockets>> Pool::listening_sockets(base::TimePoint deadline) {
  auto answers = asked_of_all(state_->mailboxes, [](Worker& worker) { return worker.listening_sockets(); });
  std::vector<ListeningSockets> sockets;
  for (auto& answer : answers) {
    if (answer.wait_until(deadline) != std::future_status::ready) {
      return base::fail(base::Errc::timed_out, "a worker does not answer");
    }
    sockets.push_back(answer.get());
  }
  return sockets;
}

std::uint64_t Pool::connections() const { return state_->sockets.occupied() + state_->sessions.used(); }

const Metrics& Pool::metrics(base::WorkerId worker) const {
  const Worker& one = *state_->workers[worker.value];
  return one.metrics();
}

std::size_t Pool::mailbox_depth(base::WorkerId worker) const { return state_->mailboxes[worker.value]->depth(); }
bool Pool::is_crowded() const {
  return std::ranges::any_of(state_->mailboxes, [](const auto& mailbox) { return mailbox->is_crowded(); });
}
const BrokerMetrics* Pool::broker_metrics() const { return state_->broker.metrics(); }
const overload::Metrics* Pool::overload_metrics() const {
  return state_->overload_options != nullptr ? &state_->overload_metrics : nullptr;
}
const base::ByteBudget& Pool::queued_bytes() const { return state_->queued; }
const base::ByteBudget& Pool::history_bytes() const { return state_->history; }

std::chrono::milliseconds Pool::slowest_turn_age() const {
  const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(base::Clock::now().time_since_epoch()).count();
  std::int64_t oldest = 0;
  for (const auto& worker : state_->workers) {
    const Metrics& metrics = std::as_const(*worker).metrics();
    oldest = std::max(oldest, now - static_cast<std::int64_t>(metrics.last_turn_milliseconds.read()));
  }
  return std::chrono::milliseconds(oldest);
}

std::uint32_t Pool::incarnation() const { return state_->incarnation; }

}  // namespace sluice::workers
