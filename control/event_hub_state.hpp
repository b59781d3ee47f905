#pragma once
// What the hub's lock guards; for event_hub.cpp, event_hub_replicas.cpp and event_hub_cluster.cpp alone.

#include <deque>
#include <utility>

#include "base/assert.hpp"
#include "control/event_hub.hpp"

namespace sluice::control {

struct EventHub::Replica {
  struct Sent {
    std::uint64_t cursor;
    Entry entry;
  };
  Group* group = nullptr;
  ReplicaId id = 0;
  ReplicaPlace place;
  bool is_elsewhere = false;
  std::deque<Entry> waiting;
  std::deque<Sent> sent;         // and not acknowledged
  std::size_t bytes = 0;         // of both
  std::size_t bytes_unheld = 0;  // of them, those of what does not wait for room, as messages do
  std::uint64_t credits = 0;
  std::uint64_t cursor = 0;
  std::uint64_t connections = 0;     // that are its own
  std::uint64_t lost_elsewhere = 0;  // events of its group, since it was last told
  bool is_awake = true;              // will call take() anyway
  bool is_away = false;
  std::optional<base::Error> misfortune;
  std::function<void()> wake;
};

struct EventHub::Group {
  std::string name;
  std::uint64_t last_number = 0;
  bool gives_verdicts = false;  // meant while there are replicas
  EventFilter filter;
  std::vector<Replica*> replicas;  // by place, as all nodes have them
  std::unordered_map<base::ConnectionId, ReplicaId, ConnectionHash> owners;
  std::deque<Entry> orphans;  // of nobody; only while there is no replica
  std::size_t orphan_bytes = 0;
  std::uint64_t lost = 0;
  base::TimePoint vacant_since{};  // meant while there is no replica
};

struct EventHub::Later {
  std::vector<std::function<void()>> calls = {};
  void run() {
    for (const auto& call : std::exchange(calls, {})) call();
  }
};

inline EventHub::Replica& EventHub::replica(ReplicaId id) const {
  const auto found = replicas_.find(id);
  SLUICE_ASSERT(found != replicas_.end());
  return *found->second;
}

// What need not wait for room, and is not bounded by the node that it is from.
inline bool is_unheld(const EventHub::Entry& entry) {
  return entry.event && entry.event->kind != workers::ClientEvent::Kind::message;
}

}  // namespace sluice::control
