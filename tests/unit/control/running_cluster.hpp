#pragma once
// Nodes with hubs that are one, which a test turns by hand; and what it takes to look at them.

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "control/neighbours.hpp"
#include "identity/revocations.hpp"
#include "sluice/v1/backends.pb.h"
#include "tests/unit/control/peers_in_process.hpp"
#include "tests/unit/control/running_pool.hpp"

namespace sluice::control {

using Kind = workers::ClientEvent::Kind;
using Offer = workers::Backend::Offer;

struct ClusterNode {
  ClusterNode(Switchboard& board, std::uint32_t number, std::size_t buffer_bytes_max)
      : incarnation(number), peers(board, number) {
    hub = std::make_unique<EventHub>(EventHub::Limits{.bytes_max = buffer_bytes_max, .incarnation = number});
    pool_options.workers = 1;
    pool = std::make_unique<workers::Pool>(pool_options, number, 1, edge, *hub);
    pool->start();
    calls = std::make_unique<Calls>(
        Calls::Parts{*pool, peers, revocations, executor, metrics, readiness, [](bool) {}, control_options, facts});
    neighbours =
        std::make_unique<Neighbours>(Neighbours::Parts{*hub, *pool, *calls, executor, peers, buffer_bytes_max});
    neighbours->start();
  }
  ~ClusterNode() {
    pool->stop();
    // What waits holds streams' parts.
    turn();
  }

  bool turn() {
    executor.context().restart();
    return executor.context().poll() > 0;
  }

  // --- as a worker ---
  base::ConnectionId id(std::uint32_t client) const { return {incarnation, {}, client, 1}; }
  workers::ClientEvent event(std::uint32_t client, Kind kind, std::size_t bytes = 0) const {
    workers::ClientEvent made;
    made.kind = kind;
    made.connection = id(client);
    made.session = "s" + std::to_string(client);
    if (kind == Kind::message) {
      auto message = std::make_shared<workers::Message>();
      message->data.assign(bytes, 'x');
      made.message = message;
    }
    return made;
  }
  Offer offer(std::uint32_t client, Kind kind, std::size_t bytes = 0) { return hub->offer(event(client, kind, bytes)); }
  void offer_room(const std::string& room, Kind kind) {
    workers::ClientEvent made;
    made.kind = kind;
    made.rooms = {room};
    static_cast<void>(hub->offer(made));
  }

  const std::uint32_t incarnation;
  PeersInProcess peers;
  workers::Options pool_options;
  NoEdge edge;
  std::unique_ptr<EventHub> hub;
  std::unique_ptr<workers::Pool> pool;
  Options control_options;
  Facts facts = some_facts();
  Metrics metrics;
  ReadinessFlag readiness;
  Executor executor;
  identity::Revocations revocations;
  std::unique_ptr<Calls> calls;
  std::unique_ptr<Neighbours> neighbours;
};

// One replica of a backend. What it was told is "KIND CLIENT", in order; a client is named by node and number.
struct ClusterReplica {
  ClusterNode& node;
  EventHub::ReplicaId id;

  std::vector<std::string> take(bool acknowledges = true, std::size_t count = 1'000'000) {
    std::vector<std::string> told;
    const EventHub::Batch batch = node.hub->take(id, count, std::size_t{1} << 30);
    for (const EventHub::Entry& entry : batch.entries) {
      v1::Event event;
      if (entry.event) {
        node.calls->show_event(entry.number, *entry.event, event);
      } else {
        event = *entry.foreign->event;
      }
      told.push_back(text_of(event));
      last = event;
    }
    lost += batch.lost;
    if (acknowledges && batch.cursor > 0) static_cast<void>(node.hub->acknowledge(id, batch.cursor));
    cursor = batch.cursor;
    return told;
  }
  void acknowledge() { static_cast<void>(node.hub->acknowledge(id, cursor)); }
  void detach() { node.hub->detach(id); }

  static std::string text_of(const v1::Event& event) {
    const auto* const field = v1::Event::descriptor()->FindFieldByNumber(event.kind_case());
    std::string text = field->name();
    if (event.has_room_occupied()) return text + " " + event.room_occupied().room();
    if (event.has_room_vacated()) return text + " " + event.room_vacated().room();
    if (event.has_disconnected() && event.disconnected().reason() == "node_lost") text = "gone";
    const auto client = base::ConnectionId::parse(event.connection());
    if (!client) return text;
    return text + " " + std::to_string(client->incarnation) + "." + std::to_string(client->slot);
  }

  std::uint64_t cursor = 0, lost = 0;
  v1::Event last = {};
};

struct RunningCluster {
  explicit RunningCluster(std::uint32_t count, std::size_t buffer_bytes_max = std::size_t{1} << 20) {
    for (std::uint32_t node = 1; node <= count; ++node) {
      nodes.emplace(node, std::make_unique<ClusterNode>(board, node, buffer_bytes_max));
    }
    for (auto& [one, node] : nodes) {
      for (const auto& [other, ignored] : nodes) {
        if (one != other) node->peers.see(workers::PeerChange::Kind::came, other);
      }
    }
    run();
  }

  ClusterNode& node(std::uint32_t number) { return *nodes.at(number); }
  ClusterReplica attach(std::uint32_t number, const std::string& group = "g", EventFilter filter = {},
                        bool gives_verdicts = false) {
    const EventHub::Wish wish{.group = group, .credits = 1'000'000, .gives_verdicts = gives_verdicts, .filter = filter};
    ClusterReplica replica{node(number), node(number).hub->attach(wish, [] {}).value()};
    run();
    return replica;
  }
  // Until nothing is left to do but wait.
  void run() {
    for (bool goes_on = true; goes_on;) {
      goes_on = board.deliver();
      for (auto& [number, one] : nodes) goes_on = one->turn() || goes_on;
    }
  }
  // Runs until that, which may take timers.
  template <class Condition>
  void run_until(Condition&& condition) {
    const base::TimePoint end = base::Clock::now() + std::chrono::seconds(20);
    while (!condition()) {
      ASSERT_LT(base::Clock::now(), end) << "it did not happen";
      run();
    }
  }
  // Those that are left learn that it is gone.
  void lose(std::uint32_t number, workers::PeerChange::Kind kind = workers::PeerChange::Kind::lost) {
    for (auto& [one, node] : nodes) {
      if (one != number) node->peers.see(kind, number);
    }
  }
  void kill(std::uint32_t number) {
    nodes.erase(number);
    lose(number);
    run();
  }

  Switchboard board;
  std::map<std::uint32_t, std::unique_ptr<ClusterNode>> nodes;
};

using Told = std::vector<std::string>;

inline Told operator+(Told one, const Told& other) {
  one.insert(one.end(), other.begin(), other.end());
  return one;
}

}  // namespace sluice::control
