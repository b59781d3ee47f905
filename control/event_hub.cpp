// The part of EventHub that workers speak to.

#include "control/event_hub.hpp"

#include <algorithm>
#include <boost/container/small_vector.hpp>
#include <tuple>
#include <utility>

#include "control/event_hub_state.hpp"

namespace sluice::control {

using workers::ClientEvent;

EventHub::EventHub(const Limits& limits)
    : limits_(limits), is_listening_(limits.is_expected), early_(std::make_unique<Group>()), notes_(limits.notes_max) {
  settle();
}

EventHub::~EventHub() = default;

bool EventHub::takes(const Group& group, const ClientEvent& event) const {
  if (event.kind == ClientEvent::Kind::connecting) return group.gives_verdicts && !group.replicas.empty();
  if (!group.filter.passes(event)) return false;
  if (!group.replicas.empty()) return true;
  return event.is_of_connection() && (event.kind != ClientEvent::Kind::message || limits_.holds_messages);
}

workers::Backend::Offer EventHub::offer(ClientEvent event) {
  using Kind = ClientEvent::Kind;
  Later later;
  Offer offer = Offer::taken;
  {
    const std::lock_guard lock(mutex_);
    if (is_watched_ && (event.kind == Kind::room_occupied || event.kind == Kind::room_vacated)) {
      offer_room_change(event, later);
    } else {
      offer = distribute(std::move(event), later);
    }
  }
  later.run();
  return offer;
}

workers::Backend::Offer EventHub::distribute(ClientEvent event, Later& later) {
  const base::TimePoint now = base::Clock::now();
  if (now >= next_vacant_) forget_vacant(now);
  const bool is_message = event.kind == ClientEvent::Kind::message;
  const bool is_end = event.kind == ClientEvent::Kind::disconnected;
  boost::container::small_vector<Group*, 4> groups;
  for (const auto& [name, group] : groups_) {
    if (takes(*group, event)) {
      groups.push_back(group.get());
    } else if (is_end) {
      disown(*group, event.connection);  // also where nobody is told of that
    }
  }
  if (groups_.empty() && limits_.is_expected && takes(*early_, event)) groups.push_back(early_.get());
  const bool is_noted = is_end && is_ours(event.connection);
  const base::ConnectionId connection = event.connection;
  if (is_noted) notes_.hold_end(connection);
  if (!groups.empty() && is_message &&
      std::ranges::any_of(groups, [&](Group* group) { return is_full(*group, connection); })) {
    return Offer::full;
  }
  if (!groups.empty()) {
    ++numbers_.offered;
    const auto shared = std::make_shared<const ClientEvent>(std::move(event));
    for (Group* const group : groups)
      keep(*group, {.number = ++group->last_number, .event = shared, .since = now}, later);
  }
  if (is_noted) notes_.release_end(connection);
  tell_of_notes(later);
  if (!groups.empty()) return Offer::taken;
  const bool is_nobody_there = replicas_.empty() && is_message && limits_.refuses_messages;
  return is_nobody_there ? Offer::refused : Offer::absent;
}

void EventHub::forget(const base::ConnectionId& connection) {
  const std::lock_guard lock(mutex_);
  for (const auto& [name, group] : groups_) disown(*group, connection);
}

bool EventHub::is_behind(const base::ConnectionId& connection) const {
  const std::lock_guard lock(mutex_);
  return std::ranges::any_of(groups_, [&](const auto& one) { return is_full(*one.second, connection); });
}

// A slow replica holds up its own clients alone.
bool EventHub::is_full(const Group& group, const base::ConnectionId& connection) const {
  if (group.replicas.empty()) return false;
  const auto owner = group.owners.find(connection);
  if (owner == group.owners.end()) return false;
  return replica(owner->second).bytes > limits_.bytes_max / group.replicas.size();
}

void EventHub::own(Group& group, const base::ConnectionId& connection, ReplicaId id) {
  disown(group, connection);
  group.owners.emplace(connection, id);
  ++replica(id).connections;
}

void EventHub::disown(Group& group, const base::ConnectionId& connection) {
  const auto owner = group.owners.find(connection);
  if (owner == group.owners.end()) return;
  --replica(owner->second).connections;
  group.owners.erase(owner);
}

void EventHub::keep(Group& group, Entry entry, Later& later) {
  const ClientEvent& event = *entry.event;
  if (event.kind == ClientEvent::Kind::draining) {
    for (Replica* const replica : group.replicas) keep_for(group, *replica, entry, later);
    return;
  }
  if (group.replicas.empty()) {
    // Whoever comes next may not give verdicts, and the client does not wait that long.
    if (event.kind == ClientEvent::Kind::connecting) return;
    hold_end(entry);
    const std::size_t bytes = event.bytes();
    ++numbers_.waiting;
    numbers_.waiting_bytes += bytes;
    group.orphan_bytes += bytes;
    group.orphans.push_back(std::move(entry));
    return bound(group);
  }
  const bool is_begin = event.kind == ClientEvent::Kind::connected && is_ours(event.connection);
  if (is_begin) notes_.tell(entry.event);
  Replica& replica = replica_for(group, event);
  if (is_begin) {
    notes_.own(event.connection, group.name, replica.place);
    entry.note = notes_.last();
  }
  if (event.kind == ClientEvent::Kind::disconnected) disown(group, event.connection);
  hold_end(entry);
  keep_for(group, replica, std::move(entry), later);
}

void EventHub::keep_for(Group& group, Replica& replica, Entry entry, Later& later) {
  const std::size_t bytes = entry.bytes();
  ++numbers_.waiting;
  numbers_.waiting_bytes += bytes;
  replica.bytes += bytes;
  if (is_unheld(entry)) replica.bytes_unheld += bytes;
  replica.waiting.push_back(std::move(entry));
  // Messages wait for room, which bounds them; what else clients do does not wait.
  if (!replica.misfortune && replica.bytes_unheld > 2 * limits_.bytes_max / group.replicas.size()) {
    replica.misfortune =
        base::fail(base::Errc::exhausted,
                   "the backend is too far behind: more events wait for it than --backend-buffer-bytes-max lets; it "
                   "may attach again");
    // Also one that is awake: what it writes may be read by nobody.
    replica.is_awake = false;
    return wake(replica, later);
  }
  if (replica.credits > 0) wake(replica, later);
}

void EventHub::wake(Replica& replica, Later& later) {
  if (!std::exchange(replica.is_awake, true)) later.calls.push_back(replica.wake);
}

// An event that was kept already, and whose replica is gone or has come.
void EventHub::keep_again(Group& group, Entry entry, Later& later) {
  count_done(1, entry.bytes());
  if (!entry.event) return;  // the node that it is from tells it again
  // All others were told of that, too.
  if (entry.event->kind == ClientEvent::Kind::draining) return;
  const Entry copy = entry;
  keep(group, std::move(entry), later);
  release_end(copy);
}

void EventHub::let_go(const Entry& entry) {
  count_done(1, entry.bytes());
  release_end(entry);
}

bool EventHub::is_our_end(const Entry& entry) const {
  return entry.event && entry.event->kind == ClientEvent::Kind::disconnected && is_ours(entry.event->connection);
}

void EventHub::hold_end(const Entry& entry) {
  if (is_our_end(entry)) notes_.hold_end(entry.event->connection);
}

void EventHub::release_end(const Entry& entry) {
  if (is_our_end(entry)) notes_.release_end(entry.event->connection);
}

void EventHub::count_done(std::uint64_t events, std::size_t bytes) {
  numbers_.waiting -= events;
  numbers_.waiting_bytes -= bytes;
}

// The connection's own, else the one that has least to do; a room's events always go to the same.
EventHub::Replica& EventHub::replica_for(Group& group, const ClientEvent& event) {
  if (!event.is_of_connection()) {
    const std::size_t place = std::hash<std::string>()(event.rooms.front()) % group.replicas.size();
    return *group.replicas[place];
  }
  const auto owner = group.owners.find(event.connection);
  if (owner != group.owners.end()) return replica(owner->second);
  Replica& least = **std::ranges::min_element(group.replicas, {}, [](const Replica* one) {
    return std::tuple(one->is_away, one->waiting.size() + one->sent.size(), one->connections, one->id);
  });
  // What becomes of another node's is not told here.
  if (is_watched_ && !is_ours(event.connection)) return least;
  own(group, event.connection, least.id);
  const bool is_new = event.kind == ClientEvent::Kind::connecting || event.kind == ClientEvent::Kind::connected;
  if (!is_new) notes_.own(event.connection, group.name, least.place);
  return least;
}

// Nobody is there to slow anyone down: the oldest go.
void EventHub::bound(Group& group) {
  while (group.orphan_bytes > limits_.bytes_max && group.orphans.size() > 1) {
    const Entry& oldest = group.orphans.front();
    group.orphan_bytes -= oldest.bytes();
    let_go(oldest);
    ++numbers_.lost;
    ++group.lost;
    group.orphans.pop_front();
  }
}

// A group whose replicas have been gone for too long is none any more.
void EventHub::forget_vacant(base::TimePoint now) {
  next_vacant_ = base::TimePoint::max();
  std::erase_if(groups_, [&](const auto& one) {
    const Group& group = *one.second;
    if (!group.replicas.empty()) return false;
    if (now - group.vacant_since < limits_.kept) {
      next_vacant_ = std::min(next_vacant_, group.vacant_since + limits_.kept);
      return false;
    }
    numbers_.lost += group.orphans.size();
    for (const Entry& orphan : group.orphans) let_go(orphan);
    return true;
  });
  settle();
}

void EventHub::settle() {
  is_listening_ = limits_.is_expected || !groups_.empty();
  workers::KindSet wanted = groups_.empty() && limits_.is_expected ? early_->filter.kinds() : 0;
  for (const auto& [name, group] : groups_) wanted |= group->filter.kinds();
  wanted_ = wanted;
}

}  // namespace sluice::control
