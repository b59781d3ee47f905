#include "control/exposition.hpp"

#include <prometheus/text_serializer.h>

#include <algorithm>
#include <set>
#include <utility>

#include "control/families.hpp"

namespace sluice::control {

namespace {

using prometheus::MetricType;

void add_counter(FamilyList& families, std::string_view name, double value, std::string_view help) {
  set_value(add_metric(add_family(families, name, MetricType::Counter, help), {}), MetricType::Counter, value);
}

void add_gauge(FamilyList& families, std::string_view name, double value, std::string_view help) {
  set_value(add_metric(add_family(families, name, MetricType::Gauge, help), {}), MetricType::Gauge, value);
}

// Those that operators look at when a backend is slow. Groups are few: backends name them.
void add_backend_groups(FamilyList& families, const std::vector<EventHub::Numbers::Group>& groups) {
  using Group = EventHub::Numbers::Group;
  const auto add = [&](std::string_view name, std::string_view help, const auto& value_of) {
    auto& family = add_family(families, name, MetricType::Gauge, help);
    for (const Group& group : groups)
      set_value(add_metric(family, {{"group", group.name}}), MetricType::Gauge, value_of(group));
  };
  const auto number = [](std::uint64_t value) { return static_cast<double>(value); };
  add("sluice_backend_replicas", "Replicas of the group that are attached to this node.",
      [&](const Group& group) { return number(group.replicas); });
  add("sluice_backend_replicas_elsewhere", "Replicas of the group that are attached to other nodes.",
      [&](const Group& group) { return number(group.replicas_elsewhere); });
  add("sluice_backend_lag_events", "Events of the group that are not acknowledged, told or not.",
      [&](const Group& group) { return number(group.waiting + group.unacknowledged); });
  add("sluice_backend_unacknowledged_events", "Of them, those that were told.",
      [&](const Group& group) { return number(group.unacknowledged); });
  add("sluice_backend_credits", "Events that may still be told before the group's replicas give more credits.",
      [&](const Group& group) { return number(group.credits); });
  add("sluice_backend_buffer_age_seconds", "Age of the group's oldest event that is not acknowledged.",
      [&](const Group& group) { return std::chrono::duration<double>(group.oldest).count(); });
}

void add_node(FamilyList& families, const Exposed& exposed) {
  const NodeNumbers& node = exposed.node;
  const auto number = [](std::uint64_t value) { return static_cast<double>(value); };
  auto& build = add_family(families, "sluice_build_info", MetricType::Gauge, "Always 1; the label tells the version.");
  set_value(add_metric(build, {{"version", exposed.version}}), MetricType::Gauge, 1);
  add_gauge(families, "sluice_ready", node.is_ready ? 1 : 0, "1 while the node takes new connections, else 0.");
  add_gauge(families, "sluice_draining", node.is_draining ? 1 : 0,
            "1 while the node drains or has been drained, else 0.");
  add_gauge(families, "sluice_drain_left_seconds", std::chrono::duration<double>(node.drain_left).count(),
            "Until the plan of the drain has closed all connections; 0 when it has, or without one.");
  add_gauge(families, "sluice_options_refused", node.are_options_refused ? 1 : 0,
            "1 if the options were refused when they were last read again, else 0.");
  add_gauge(families, "sluice_grpc_certificate_expires_timestamp_seconds", number(node.grpc_certificate_expires),
            "When the gRPC port's certificate expires; 0 without TLS.");
  add_gauge(families, "sluice_workers", number(exposed.workers.size()), "Worker threads.");
  add_gauge(families, "sluice_open_connections", number(node.connections),
            "Client connections of any kind, handshakes included.");
  add_gauge(families, "sluice_rooms", number(node.rooms),
            "Rooms with members or history in all namespaces, implicit ones included.");
  add_gauge(families, "sluice_history_messages", number(node.history_messages), "Messages that histories keep.");
  add_gauge(families, "sluice_history_bytes", number(node.history_bytes), "Memory of those messages.");
  add_gauge(families, "sluice_history_limit_bytes", number(node.history_bytes_max),
            "Bound of sluice_history_bytes (history-bytes-max).");
  add_gauge(families, "sluice_queued_bytes", number(node.queued_bytes),
            "Memory of frames that wait in outboxes; a shared frame counts once.");
  add_gauge(families, "sluice_queued_limit_bytes", number(node.queued_bytes_max),
            "Bound of sluice_queued_bytes (queued-bytes-max).");
  const EventHub::Numbers& events = exposed.events;
  add_gauge(families, "sluice_backends", number(events.replicas),
            "Replicas of backends that are attached to this node.");
  add_gauge(families, "sluice_backends_elsewhere", number(events.replicas_elsewhere),
            "Replicas of backends that are attached to other nodes, and have their share of this node's events.");
  add_gauge(families, "sluice_backend_events_waiting", number(events.waiting),
            "Events that backends have not acknowledged, or not been told.");
  add_gauge(families, "sluice_backend_events_waiting_bytes", number(events.waiting_bytes), "Their memory.");
  add_counter(families, "sluice_backend_events_total", number(events.offered), "Events taken for backends.");
  add_counter(families, "sluice_backend_events_lost_total", number(events.lost),
              "Events thrown away because no replica came for them in time or room.");
  add_backend_groups(families, events.groups);
  auto& depth = add_family(families, "sluice_mailbox_depth", MetricType::Gauge, "Mail that waits for a worker.");
  for (std::size_t at = 0; at < node.mailbox_depths.size(); ++at)
    set_value(add_metric(depth, {{"worker", std::to_string(at)}}), MetricType::Gauge, number(node.mailbox_depths[at]));
}

void add_process(FamilyList& families, const ProcessNumbers& process) {
  const auto number = [](std::uint64_t value) { return static_cast<double>(value); };
  add_counter(families, "process_cpu_seconds_total", process.cpu_seconds, "CPU time of the process, user and system.");
  add_gauge(families, "process_start_time_seconds", process.start_seconds, "When the process started, since 1970.");
  add_gauge(families, "process_resident_memory_bytes", number(process.resident_bytes), "Memory in RAM.");
  add_gauge(families, "process_virtual_memory_bytes", number(process.virtual_bytes), "Address space.");
  add_gauge(families, "process_threads", number(process.threads), "Threads of the process.");
  add_gauge(families, "process_open_fds", number(process.open_descriptors), "Open file descriptors.");
  add_gauge(families, "process_max_fds", number(process.descriptors_max), "Limit on open file descriptors.");
}

FamilyList families_of(const Exposed& exposed) {
  FamilyList families;
  WorkerFamilies workers(families);
  for (const workers::Metrics* metrics : exposed.workers) {
    metrics->describe(workers);
    workers.next_worker();
  }
  CallFamilies calls(families);
  exposed.calls.describe(calls);
  SingleFamilies singles(families);
  if (exposed.overload != nullptr) exposed.overload->describe(singles);
  if (exposed.broker != nullptr) exposed.broker->describe(singles);
  if (exposed.peers != nullptr) exposed.peers->describe(singles);
  if (exposed.neighbours != nullptr) exposed.neighbours->describe(singles);
  add_node(families, exposed);
  add_process(families, exposed.process);
  return families;
}

std::string_view type_name(MetricType type) {
  if (type == MetricType::Counter) return "counter";
  return type == MetricType::Histogram ? "histogram" : "gauge";
}

// The family's labels with their values, in the order of the declaration: "`reason`: a, b; `worker`".
std::string labels_text(const prometheus::MetricFamily& family) {
  std::string text;
  const LabelList& names = family.metric.front().label;
  for (std::size_t at = 0; at < names.size(); ++at) {
    text += (at == 0 ? "`" : "; `") + names[at].name + "`";
    if (names[at].name == "worker" || names[at].name == "group" || names[at].name == "version") continue;
    std::set<std::string> seen;
    for (const auto& metric : family.metric) {
      const std::string& value = metric.label[at].value;
      if (seen.insert(value).second) text += (seen.size() == 1 ? ": " : ", ") + value;
    }
  }
  return text;
}

}  // namespace

std::string metrics_text(const Exposed& exposed) {
  return prometheus::TextSerializer().Serialize(families_of(exposed));
}

std::string metrics_markdown() {
  const workers::Metrics worker;
  const Metrics calls;
  const workers::BrokerMetrics broker;
  const workers::PeersMetrics peers;
  const NeighbourMetrics neighbours;
  const overload::Metrics overload;
  Exposed none{.workers = {&worker},
               .calls = calls,
               .overload = &overload,
               .broker = &broker,
               .peers = &peers,
               .neighbours = &neighbours};
  none.node.mailbox_depths = {0};
  none.events.groups = {{.name = "default"}};
  std::string text =
      "# Metrics\n\n"
      "Served at `/metrics` on the admin port in Prometheus' text format. All labels and values are there from the "
      "start,\n"
      "at 0. Histograms of seconds have buckets from 50 µs to 10 s. This page is made from the declarations in\n"
      "`workers/`, `overload/` and `control/`: `sluice metrics`. Those of the broker and of other nodes are\n"
      "there with `--broker nats`.\n\n"
      "| metric | type | labels | meaning |\n| --- | --- | --- | --- |\n";
  for (const prometheus::MetricFamily& family : families_of(none)) {
    text += "| `" + family.name + "` | " + std::string(type_name(family.type)) + " | " + labels_text(family) + " | " +
            family.help + " |\n";
  }
  return text;
}

}  // namespace sluice::control
