// GetNode and ListNodes.

#include <algorithm>
#include <utility>

#include "control/calls.hpp"
#include "control/share_kinds.hpp"

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

void Calls::show_own(v1::Node& node) const {
  node.set_name(parts_.facts.node);
  node.set_version(parts_.facts.version);
  node.set_incarnation(incarnation_text());
  show(parts_.facts.started, *node.mutable_started_at());
  node.set_ready(parts_.readiness.is_ready());
  node.set_draining(parts_.pool.is_draining());
  node.set_connections(count_of(parts_.pool.connections()));
}

void Calls::get_node(const v1::GetNodeRequest& request, base::TimePoint deadline,
                     const Answer<v1::GetNodeResponse>& answer) {
  at_node(share_kinds::get_node, &Calls::share_get_node, request, deadline, answer);
}

void Calls::share_get_node(const v1::GetNodeRequest&, base::TimePoint, const Answer<v1::GetNodeResponse>& answer) {
  const workers::Pool& pool = parts_.pool;
  v1::GetNodeResponse response;
  v1::Node& node = *response.mutable_node();
  show_own(node);
  show_workers(pool, node);
  show_namespaces(pool, node);
  node.set_queued_bytes(pool.queued_bytes().used());
  node.set_queued_bytes_max(pool.queued_bytes().bytes_max());
  node.set_history_bytes(pool.history_bytes().used());
  node.set_history_bytes_max(pool.history_bytes().bytes_max());
  answer(std::move(response));
}

std::vector<v1::Node> Calls::nodes() const {
  std::vector<v1::Node> all(1);
  show_own(all.front());
  const base::TimePoint now = base::Clock::now();
  const auto others = nodes_.peers().others();
  for (const workers::Peer& peer : *others) show(peer, now, all.emplace_back());
  std::ranges::sort(all, {}, [](const v1::Node& node) { return std::pair(node.name(), node.incarnation()); });
  return all;
}

void Calls::list_nodes(const v1::ListNodesRequest&, base::TimePoint, const Answer<v1::ListNodesResponse>& answer) {
  v1::ListNodesResponse response;
  for (v1::Node& node : nodes()) *response.add_nodes() = std::move(node);
  answer(std::move(response));
}

}  // namespace sluice::control
