#include "control/event_hub.hpp"

#include <algorithm>
#include <boost/container/small_vector.hpp>
#include <utility>

#include "base/assert.hpp"

namespace sluice::control {

using workers::ClientEvent;

struct EventHub::Replica {
  struct Sent {
    std::uint64_t cursor;
    Entry entry;
  };
  std::deque<Entry> waiting;
  std::deque<Sent> sent;         // and not acknowledged
  std::size_t bytes = 0;         // of both
  std::size_t bytes_unheld = 0;  // of them, those of what does not wait for room, as messages do
  std::uint64_t credits = 0;
  std::uint64_t cursor = 0;
  bool is_awake = true;  // will call take() anyway
  bool is_overrun = false;
  std::function<void()> wake;
};

struct EventHub::Group {
  std::uint64_t last_number = 0;
  bool gives_verdicts = false;  // meant while there are replicas
  EventFilter filter;
  std::vector<ReplicaId> replicas;
  std::unordered_map<base::ConnectionId, ReplicaId, Hash> owners;
  std::deque<Entry> orphans;  // of nobody; only while there is no replica
  std::size_t orphan_bytes = 0;
  std::uint64_t lost = 0;
  base::TimePoint vacant_since{};  // meant while there is no replica
};

std::size_t EventHub::Hash::operator()(const base::ConnectionId& id) const {
  const std::uint64_t low = std::uint64_t{id.slot} << 32 | id.generation;
  return std::hash<std::uint64_t>()(low * 0x9E3779B97F4A7C15ull + id.worker_id.value);
}

EventHub::EventHub(const Limits& limits)
    : limits_(limits), is_listening_(limits.is_expected), early_(std::make_unique<Group>()) {
  settle();
}

EventHub::~EventHub() = default;

// --- from workers ---

bool EventHub::takes(const Group& group, const ClientEvent& event) const {
  if (event.kind == ClientEvent::Kind::connecting) return group.gives_verdicts && !group.replicas.empty();
  if (!group.filter.passes(event)) return false;
  if (!group.replicas.empty()) return true;
  return event.is_of_connection() && (event.kind != ClientEvent::Kind::message || limits_.holds_messages);
}

workers::Backend::Offer EventHub::offer(ClientEvent event) {
  Wakes wakes;
  {
    const base::TimePoint now = base::Clock::now();
    const std::lock_guard lock(mutex_);
    if (now >= next_vacant_) forget_vacant(now);
    const bool is_message = event.kind == ClientEvent::Kind::message;
    boost::container::small_vector<Group*, 4> groups;
    for (const auto& [name, group] : groups_) {
      if (takes(*group, event)) {
        groups.push_back(group.get());
      } else if (event.kind == ClientEvent::Kind::disconnected) {
        group->owners.erase(event.connection);  // also where nobody is told of that
      }
    }
    if (groups_.empty() && limits_.is_expected && takes(*early_, event)) groups.push_back(early_.get());
    if (groups.empty()) {
      const bool is_nobody_there = replicas_.empty() && is_message && limits_.refuses_messages;
      return is_nobody_there ? Offer::refused : Offer::absent;
    }
    if (is_message && std::ranges::any_of(groups, [&](Group* group) { return is_full(*group, event.connection); })) {
      return Offer::full;
    }
    ++numbers_.offered;
    const auto shared = std::make_shared<const ClientEvent>(std::move(event));
    for (Group* const group : groups) keep(*group, {++group->last_number, shared, now}, wakes);
  }
  for (const auto& wake : wakes) wake();
  return Offer::taken;
}

void EventHub::forget(const base::ConnectionId& connection) {
  const std::lock_guard lock(mutex_);
  for (const auto& [name, group] : groups_) group->owners.erase(connection);
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
  const Replica& replica = *replicas_.at(owner->second).second;
  return replica.bytes > limits_.bytes_max / group.replicas.size();
}

void EventHub::keep(Group& group, Entry entry, Wakes& wakes) {
  const ClientEvent& event = *entry.event;
  if (event.kind == ClientEvent::Kind::draining) {
    for (const ReplicaId id : group.replicas) keep_for(group, *replicas_.at(id).second, entry, wakes);
    return;
  }
  if (group.replicas.empty()) {
    // Whoever comes next may not give verdicts, and the client does not wait that long.
    if (event.kind == ClientEvent::Kind::connecting) return;
    const std::size_t bytes = event.bytes();
    ++numbers_.waiting;
    numbers_.waiting_bytes += bytes;
    group.orphan_bytes += bytes;
    group.orphans.push_back(std::move(entry));
    return bound(group);
  }
  Replica& replica = replica_for(group, event);
  if (event.kind == ClientEvent::Kind::disconnected) group.owners.erase(event.connection);
  keep_for(group, replica, std::move(entry), wakes);
}

void EventHub::keep_for(Group& group, Replica& replica, Entry entry, Wakes& wakes) {
  const std::size_t bytes = entry.event->bytes();
  ++numbers_.waiting;
  numbers_.waiting_bytes += bytes;
  replica.bytes += bytes;
  if (entry.event->kind != ClientEvent::Kind::message) replica.bytes_unheld += bytes;
  replica.waiting.push_back(std::move(entry));
  // Messages wait for room, which bounds them; what else clients do does not wait.
  if (!replica.is_overrun && replica.bytes_unheld > 2 * limits_.bytes_max / group.replicas.size()) {
    // Also one that is awake: what it writes may be read by nobody.
    replica.is_overrun = replica.is_awake = true;
    wakes.push_back(replica.wake);
    return;
  }
  if (replica.is_awake || replica.credits == 0) return;
  replica.is_awake = true;
  wakes.push_back(replica.wake);
}

// An event that was kept already, and whose replica is gone or has come.
void EventHub::keep_again(Group& group, Entry entry, Wakes& wakes) {
  count_done(1, entry.event->bytes());
  // All others were told of that, too.
  if (entry.event->kind == ClientEvent::Kind::draining) return;
  keep(group, std::move(entry), wakes);
}

void EventHub::count_done(std::uint64_t events, std::size_t bytes) {
  numbers_.waiting -= events;
  numbers_.waiting_bytes -= bytes;
}

// The connection's own, else the one that has least to do; a room's events always go to the same.
EventHub::Replica& EventHub::replica_for(Group& group, const ClientEvent& event) {
  if (!event.is_of_connection()) {
    const std::size_t place = std::hash<std::string>()(event.rooms.front()) % group.replicas.size();
    return *replicas_.at(group.replicas[place]).second;
  }
  const auto owner = group.owners.find(event.connection);
  if (owner != group.owners.end()) return *replicas_.at(owner->second).second;
  const auto least = std::ranges::min_element(group.replicas, {}, [this](ReplicaId id) {
    const Replica& replica = *replicas_.at(id).second;
    return std::pair(replica.waiting.size() + replica.sent.size(), id);
  });
  group.owners[event.connection] = *least;
  return *replicas_.at(*least).second;
}

// Nobody is there to slow anyone down: the oldest go.
void EventHub::bound(Group& group) {
  while (group.orphan_bytes > limits_.bytes_max && group.orphans.size() > 1) {
    const std::size_t bytes = group.orphans.front().event->bytes();
    group.orphan_bytes -= bytes;
    count_done(1, bytes);
    ++numbers_.lost;
    ++group.lost;
    group.orphans.pop_front();
  }
}

// --- replicas ---

std::string_view EventHub::misfit(const Wish& wish) const {
  for (const auto& [name, group] : groups_) {
    if (group->replicas.empty()) continue;
    if (name == wish.group && group->gives_verdicts != wish.gives_verdicts) {
      return "the group's other replicas say otherwise about verdicts";
    }
    if (name == wish.group && !(group->filter == wish.filter)) {
      return "the group's other replicas filter otherwise; another filter needs another group";
    }
    if (name != wish.group && group->gives_verdicts && wish.gives_verdicts) return "another group gives verdicts";
  }
  return {};
}

base::Result<EventHub::ReplicaId> EventHub::attach(const Wish& wish, std::function<void()> wake) {
  const std::lock_guard lock(mutex_);
  forget_vacant(base::Clock::now());
  if (const auto why = misfit(wish); !why.empty()) return base::fail(base::Errc::already_exists, std::string(why));
  std::unique_ptr<Group>& group = groups_[wish.group];
  if (!group)
    group = groups_.size() == 1 ? std::exchange(early_, std::make_unique<Group>()) : std::make_unique<Group>();
  auto replica = std::make_unique<Replica>();
  group->gives_verdicts = wish.gives_verdicts;
  group->filter = wish.filter;
  replica->credits = wish.credits;
  replica->wake = std::move(wake);
  const ReplicaId id = ++last_replica_;
  group->replicas.push_back(id);
  replicas_.emplace(id, std::pair(group.get(), std::move(replica)));
  ++numbers_.replicas;
  // What has waited for someone. It is the only one now, and takes without being woken.
  Wakes wakes;
  for (Entry& entry : std::exchange(group->orphans, {})) {
    if (group->filter.passes(*entry.event)) {
      keep_again(*group, std::move(entry), wakes);
    } else {
      count_done(1, entry.event->bytes());
    }
  }
  group->orphan_bytes = 0;
  settle();
  return id;
}

void EventHub::detach(ReplicaId id) {
  Wakes wakes;
  {
    const std::lock_guard lock(mutex_);
    const auto found = replicas_.find(id);
    SLUICE_ASSERT(found != replicas_.end());
    Group& group = *found->second.first;
    const std::unique_ptr<Replica> replica = std::move(found->second.second);
    replicas_.erase(found);
    --numbers_.replicas;
    std::erase(group.replicas, id);
    if (group.replicas.empty()) {
      group.vacant_since = base::Clock::now();
      next_vacant_ = std::min(next_vacant_, group.vacant_since + limits_.kept);
    }
    std::erase_if(group.owners, [id](const auto& owner) { return owner.second == id; });
    for (Replica::Sent& sent : replica->sent) keep_again(group, std::move(sent.entry), wakes);
    for (Entry& entry : replica->waiting) keep_again(group, std::move(entry), wakes);
    settle();
  }
  for (const auto& wake : wakes) wake();
}

EventHub::Batch EventHub::take(ReplicaId id, std::size_t entries_max, std::size_t bytes_max) {
  const std::lock_guard lock(mutex_);
  Batch batch;
  auto& [group, replica] = replicas_.at(id);
  batch.lost = std::exchange(group->lost, 0);
  std::size_t bytes = 0;
  while (!replica->waiting.empty() && replica->credits > 0 && batch.entries.size() < entries_max && bytes < bytes_max) {
    Entry entry = std::move(replica->waiting.front());
    replica->waiting.pop_front();
    bytes += entry.event->bytes();
    --replica->credits;
    batch.entries.push_back(entry);
    replica->sent.push_back({++replica->cursor, std::move(entry)});
  }
  batch.cursor = batch.entries.empty() ? 0 : replica->cursor;
  replica->is_awake = !batch.entries.empty() || batch.lost > 0;
  return batch;
}

bool EventHub::is_overrun(ReplicaId id) const {
  const std::lock_guard lock(mutex_);
  return replicas_.at(id).second->is_overrun;
}

bool EventHub::acknowledge(ReplicaId id, std::uint64_t cursor) {
  const std::lock_guard lock(mutex_);
  Replica& replica = *replicas_.at(id).second;
  if (cursor > replica.cursor) return false;
  while (!replica.sent.empty() && replica.sent.front().cursor <= cursor) {
    const ClientEvent& event = *replica.sent.front().entry.event;
    const std::size_t bytes = event.bytes();
    replica.bytes -= bytes;
    if (event.kind != ClientEvent::Kind::message) replica.bytes_unheld -= bytes;
    count_done(1, bytes);
    replica.sent.pop_front();
  }
  return true;
}

void EventHub::credit(ReplicaId id, std::uint64_t events) {
  const std::lock_guard lock(mutex_);
  replicas_.at(id).second->credits += events;
}

void EventHub::close() {
  Wakes wakes;
  {
    const std::lock_guard lock(mutex_);
    is_closing_ = true;
    for (const auto& [id, replica] : replicas_) wakes.push_back(replica.second->wake);
  }
  for (const auto& wake : wakes) wake();
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
    count_done(group.orphans.size(), group.orphan_bytes);
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

EventHub::Numbers EventHub::numbers() const {
  const base::TimePoint now = base::Clock::now();
  const std::lock_guard lock(mutex_);
  Numbers numbers = numbers_;
  for (const auto& [name, group] : groups_) {
    Numbers::Group& shown = numbers.groups.emplace_back();
    shown.name = name;
    shown.replicas = group->replicas.size();
    shown.waiting = group->orphans.size();
    if (!group->orphans.empty()) shown.oldest = now - group->orphans.front().since;
    for (const ReplicaId id : group->replicas) {
      const Replica& replica = *replicas_.at(id).second;
      shown.waiting += replica.waiting.size();
      shown.unacknowledged += replica.sent.size();
      shown.credits += replica.credits;
      if (!replica.waiting.empty()) shown.oldest = std::max(shown.oldest, now - replica.waiting.front().since);
      if (!replica.sent.empty()) shown.oldest = std::max(shown.oldest, now - replica.sent.front().entry.since);
    }
  }
  return numbers;
}

}  // namespace sluice::control
