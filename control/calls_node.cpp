// GetNode and Drain.

#include "base/log.hpp"
#include "control/calls.hpp"
#include "control/calls_once.hpp"
#include "control/duration_field.hpp"

namespace sluice::control {

namespace {

std::uint64_t open_connections(const workers::Metrics& metrics) {
  std::uint64_t sum = 0;
  for (const base::Cell& cell : metrics.connections) sum += cell.read();
  return sum;
}

void show_workers(const workers::Pool& pool, v1::Node& node) {
  for (std::size_t at = 0; at < pool.worker_count(); ++at) {
    const base::WorkerId worker{static_cast<std::uint16_t>(at)};
    v1::WorkerState& state = *node.add_workers();
    state.set_connections(count_of(open_connections(pool.metrics(worker))));
    state.set_mailbox_depth(count_of(pool.mailbox_depth(worker)));
  }
}

void show_namespaces(const workers::Pool& pool, v1::Node& node) {
  for (std::size_t at = 0; at < pool.namespaces().size(); ++at) {
    const workers::Sequencer& sequencer = pool.sequencer(base::NamespaceId{static_cast<std::uint16_t>(at)});
    const workers::Sequencer::Size size = sequencer.size();
    v1::NamespaceState& state = *node.add_namespaces();
    state.set_name(pool.namespaces().name_of(sequencer.id()));
    state.set_position(sequencer.position().text());
    state.set_rooms(count_of(size.rooms));
    state.set_history_messages(count_of(size.messages));
  }
}

}  // namespace

std::string Calls::incarnation_text() const { return base::incarnation_text(parts_.pool.incarnation()); }

void Calls::get_node(const v1::GetNodeRequest&, base::TimePoint, const Answer<v1::GetNodeResponse>& answer) {
  const workers::Pool& pool = parts_.pool;
  v1::GetNodeResponse response;
  v1::Node& node = *response.mutable_node();
  node.set_name(parts_.facts.node);
  node.set_version(parts_.facts.version);
  node.set_incarnation(incarnation_text());
  show(parts_.facts.started, *node.mutable_started_at());
  node.set_ready(parts_.readiness.is_ready());
  node.set_draining(pool.is_draining());
  node.set_connections(count_of(pool.connections()));
  show_workers(pool, node);
  show_namespaces(pool, node);
  node.set_queued_bytes(pool.queued_bytes().used());
  node.set_queued_bytes_max(pool.queued_bytes().bytes_max());
  node.set_history_bytes(pool.history_bytes().used());
  node.set_history_bytes_max(pool.history_bytes().bytes_max());
  answer(std::move(response));
}

Outcome<Calls::DrainWatch> Calls::drain(const v1::DrainRequest& request) {
  using namespace std::chrono_literals;
  DrainWatch watch{.report_every = 1s, .connections_at_start = parts_.pool.connections()};
  std::chrono::milliseconds over = parts_.facts.drain_over;
  const auto* const over_given = request.has_over() ? &request.over() : nullptr;
  const auto* const every_given = request.has_report_every() ? &request.report_every() : nullptr;
  if (auto problem = duration_of("over", over_given, 0ms, 1h, over)) return *std::move(problem);
  if (auto problem = duration_of("report_every", every_given, 100ms, 60s, watch.report_every))
    return *std::move(problem);
  if (auto problem = translator_.reason(request.reason())) return *std::move(problem);

  Outcome<v1::DrainProgress> outcome = v1::DrainProgress();
  once<v1::DrainProgress>(
      {Method::drain, request.idempotency_key()}, request,
      [&outcome](Outcome<v1::DrainProgress> given) { outcome = std::move(given); },
      [&](const Answer<v1::DrainProgress>& done) {
        base::log_info("drain",
                       {{"by", "call"}, {"over_ms", over.count()}, {"connections", watch.connections_at_start}});
        parts_.on_drain();
        parts_.pool.stop_accepting();
        parts_.pool.drain(
            over, {workers::EndReason::draining, 1001, request.reason().empty() ? "draining" : request.reason()});
        done(v1::DrainProgress());
      });
  if (!outcome) return std::move(outcome.failure());
  return watch;
}

}  // namespace sluice::control
