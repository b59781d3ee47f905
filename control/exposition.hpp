#pragma once
// The page that Prometheus reads, and the document about it, made from the same declarations.

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "control/event_hub.hpp"
#include "control/metrics.hpp"
#include "control/neighbour_metrics.hpp"
#include "overload/metrics.hpp"
#include "workers/broker_metrics.hpp"
#include "workers/metrics.hpp"
#include "workers/peers_metrics.hpp"

namespace sluice::control {

// What is true of the process at one moment; read from /proc.
struct ProcessNumbers {
  double cpu_seconds = 0, start_seconds = 0;  // the latter since 1970
  std::uint64_t resident_bytes = 0, virtual_bytes = 0, threads = 0, open_descriptors = 0, descriptors_max = 0;
};
ProcessNumbers read_process_numbers();

// What is true of the node at one moment and not counted in cells.
struct NodeNumbers {
  std::uint64_t rooms = 0, history_messages = 0;
  std::uint64_t history_bytes = 0, history_bytes_max = 0;
  std::uint64_t queued_bytes = 0, queued_bytes_max = 0;
  std::uint64_t connections = 0;
  std::chrono::milliseconds drain_left{0};
  std::uint64_t grpc_certificate_expires = 0;  // Unix time in seconds; 0 without TLS
  bool is_draining = false, is_ready = false, are_options_refused = false;
  std::vector<std::uint64_t> mailbox_depths = {};  // by worker
};

struct Exposed {
  std::vector<const workers::Metrics*> workers = {};
  const Metrics& calls;
  const overload::Metrics* overload = nullptr;  // null: nobody watches for it
  // Null: the node is alone, and has no such metrics.
  const workers::BrokerMetrics* broker = nullptr;
  const workers::PeersMetrics* peers = nullptr;
  const NeighbourMetrics* neighbours = nullptr;
  NodeNumbers node = {};
  EventHub::Numbers events = {};
  ProcessNumbers process = {};
  std::string version = {};
};

// Prometheus' text format, version 0.0.4.
std::string metrics_text(const Exposed& exposed);
// docs/metrics.md.
std::string metrics_markdown();

}  // namespace sluice::control
