#include "workers/pool.hpp"

#include <algorithm>
#include <limits>
#include <system_error>
#include <thread>

#include "base/assert.hpp"
#include "base/log.hpp"
#include "workers/cores.hpp"
#include "workers/worker.hpp"

namespace sluice::workers {

struct Pool::State {
  State(const Options& options_of, std::uint32_t incarnation_of, std::uint64_t epoch, Edge& edge, Backend& backend);

  const Options options;
  const std::uint32_t incarnation;
  std::vector<std::string> namespaces;
  base::ByteBudget queued, history, connections;
  std::vector<std::unique_ptr<Mailbox>> mailboxes;
  std::vector<std::unique_ptr<Sequencer>> sequencers;
  std::vector<std::unique_ptr<Worker>> workers;
  std::vector<std::thread> threads;
  base::Cell draining;  // 1 from the first drain on
};

Pool::State::State(const Options& options_of, std::uint32_t incarnation_of, std::uint64_t epoch, Edge& edge,
                   Backend& backend)
    : options(options_of),
      incarnation(incarnation_of),
      namespaces{"/"},
      queued(options.queued_bytes_max),
      history(options.history_bytes_max),
      connections(options.connections_max != 0 ? options.connections_max : std::numeric_limits<std::size_t>::max()) {
  for (const std::string& name : options.namespaces) {
    if (std::ranges::find(namespaces, name) == namespaces.end()) namespaces.push_back(name);
  }
  const std::size_t count = options.workers != 0 ? options.workers : usable_cores();
  std::vector<Mailbox*> boxes;
  for (std::size_t at = 0; at < count; ++at) {
    mailboxes.push_back(std::make_unique<Mailbox>(options.mailbox_bytes_max, options.mailbox_messages_max));
    boxes.push_back(mailboxes.back().get());
  }
  for (std::size_t at = 0; at < namespaces.size(); ++at) {
    // Namespaces have orders of their own, but one history began with the process.
    sequencers.push_back(std::make_unique<Sequencer>(base::NamespaceId{static_cast<std::uint16_t>(at)}, epoch,
                                                     HistoryLimits{options.history_messages, options.history_seconds},
                                                     history, boxes));
  }
  for (std::size_t at = 0; at < count; ++at) {
    workers.push_back(
        std::make_unique<Worker>(Worker::Parts{base::WorkerId{static_cast<std::uint16_t>(at)}, incarnation, options,
                                               edge, backend, mailboxes, sequencers, queued, connections}));
  }
}

Pool::Pool(const Options& options, std::uint32_t incarnation, std::uint64_t epoch, Edge& edge, Backend& backend)
    : state_(std::make_unique<State>(options, incarnation, epoch, edge, backend)) {}

Pool::~Pool() { stop(); }

void Pool::add_listener(base::WorkerId worker, int descriptor, ListenerKind kind) {
  SLUICE_ASSERT(state_->threads.empty());
  state_->workers[worker.value]->add_listener(descriptor, kind);
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
}

void Pool::stop() {
  for (const auto& mailbox : state_->mailboxes) {
    mailbox->force([](Worker& worker) { worker.stop(); });
  }
  for (std::thread& thread : state_->threads) thread.join();
  state_->threads.clear();
  for (const auto& mailbox : state_->mailboxes) mailbox->close();
}

const Options& Pool::options() const { return state_->options; }
std::size_t Pool::worker_count() const { return state_->workers.size(); }

std::optional<base::NamespaceId> Pool::find_namespace(std::string_view name) const {
  const auto found = std::ranges::find(state_->namespaces, name);
  if (found == state_->namespaces.end()) return std::nullopt;
  return base::NamespaceId{static_cast<std::uint16_t>(found - state_->namespaces.begin())};
}

const std::vector<std::string>& Pool::namespaces() const { return state_->namespaces; }

base::Result<Receipt> Pool::publish(const std::shared_ptr<Message>& message, std::optional<base::WorkerId> publisher) {
  if (message->target.empty()) return base::fail(base::Errc::bad_request, "the target names nobody");
  if (message->accepted == base::TimePoint{}) message->accepted = base::Clock::now();
  return sequencer(message->target.name_space).publish(message, publisher);
}

bool Pool::post(base::WorkerId worker, std::function<void(Worker&)> job) {
  Mailbox& mailbox = *state_->mailboxes[worker.value];
  if (!mailbox.reserve(0)) return false;
  mailbox.enqueue({nullptr, std::move(job)});
  mailbox.wake();
  return true;
}

bool Pool::answer(base::ConnectionId connection, std::uint64_t ack_id, std::shared_ptr<const Message> answer) {
  if (connection.incarnation != incarnation() || connection.worker().value >= worker_count()) return true;
  return post(connection.worker(), [connection, ack_id, answer = std::move(answer)](Worker& worker) {
    worker.take_answer(connection, ack_id, *answer);
  });
}

Sequencer& Pool::sequencer(base::NamespaceId id) { return *state_->sequencers[id.value]; }
const Sequencer& Pool::sequencer(base::NamespaceId id) const { return *state_->sequencers[id.value]; }

void Pool::stop_accepting() {
  for (const auto& mailbox : state_->mailboxes) {
    mailbox->force([](Worker& worker) { worker.stop_accepting(); });
  }
}

void Pool::drain(std::chrono::milliseconds over, const Ending& ending) {
  state_->draining.set(1);
  for (const auto& mailbox : state_->mailboxes) {
    mailbox->force([over, ending](Worker& worker) { worker.drain(over, ending); });
  }
}

bool Pool::is_draining() const { return state_->draining.read() != 0; }

std::uint64_t Pool::connections() const { return state_->connections.used(); }

const Metrics& Pool::metrics(base::WorkerId worker) const {
  const Worker& one = *state_->workers[worker.value];
  return one.metrics();
}

std::size_t Pool::mailbox_depth(base::WorkerId worker) const { return state_->mailboxes[worker.value]->depth(); }
bool Pool::is_crowded() const {
  return std::ranges::any_of(state_->mailboxes, [](const auto& mailbox) { return mailbox->is_crowded(); });
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
