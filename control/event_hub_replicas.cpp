// The part of EventHub that replicas' streams speak to.

#include <algorithm>
#include <functional>

#include "control/event_hub_state.hpp"

namespace sluice::control {

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
  Later later;
  ReplicaId id = 0;
  {
    const std::lock_guard lock(mutex_);
    forget_vacant(base::Clock::now());
    if (const auto why = misfit(wish); !why.empty()) return base::fail(base::Errc::already_exists, std::string(why));
    std::unique_ptr<Group>& group = groups_[wish.group];
    if (!group)
      group = groups_.size() == 1 ? std::exchange(early_, std::make_unique<Group>()) : std::make_unique<Group>();
    group->name = wish.group;
    group->gives_verdicts = wish.gives_verdicts;
    group->filter = wish.filter;
    id = ++last_replica_;
    Replica& replica = *replicas_.emplace(id, std::make_unique<Replica>()).first->second;
    replica.group = group.get();
    replica.id = id;
    replica.place = wish.elsewhere.value_or(ReplicaPlace{limits_.incarnation, id});
    replica.is_elsewhere = wish.elsewhere.has_value();
    replica.credits = wish.credits;
    replica.wake = std::move(wake);
    const auto behind = std::ranges::upper_bound(group->replicas, replica.place, std::less<>(), &Replica::place);
    group->replicas.insert(behind, &replica);
    ++(replica.is_elsewhere ? numbers_.replicas_elsewhere : numbers_.replicas);
    // What has waited for someone. It is the only one now, and takes without being woken.
    for (Entry& entry : std::exchange(group->orphans, {})) {
      if (group->filter.passes(*entry.event)) {
        keep_again(*group, std::move(entry), later);
      } else {
        let_go(entry);
      }
    }
    group->orphan_bytes = 0;
    settle();
    tell_of_notes(later);
  }
  if (is_watched_ && !wish.elsewhere) later.calls.push_back([&] { watcher_.on_attached(id, wish); });
  later.run();
  return id;
}

void EventHub::detach(ReplicaId id) {
  Later later;
  {
    const std::lock_guard lock(mutex_);
    const auto found = replicas_.find(id);
    SLUICE_ASSERT(found != replicas_.end());
    const std::unique_ptr<Replica> replica = std::move(found->second);
    Group& group = *replica->group;
    replicas_.erase(found);
    --(replica->is_elsewhere ? numbers_.replicas_elsewhere : numbers_.replicas);
    std::erase(group.replicas, replica.get());
    if (group.replicas.empty()) {
      group.vacant_since = base::Clock::now();
      next_vacant_ = std::min(next_vacant_, group.vacant_since + limits_.kept);
    }
    std::erase_if(group.owners, [id](const auto& owner) { return owner.second == id; });
    for (Replica::Sent& sent : replica->sent) keep_again(group, std::move(sent.entry), later);
    for (Entry& entry : replica->waiting) keep_again(group, std::move(entry), later);
    settle();
    tell_of_notes(later);
    if (is_watched_ && !replica->is_elsewhere) later.calls.push_back([this, id] { watcher_.on_detached(id); });
  }
  later.run();
}

EventHub::Batch EventHub::take(ReplicaId id, std::size_t entries_max, std::size_t bytes_max) {
  const std::lock_guard lock(mutex_);
  Batch batch;
  Replica& one = replica(id);
  batch.lost = std::exchange(one.group->lost, 0) + std::exchange(one.lost_elsewhere, 0);
  std::size_t bytes = 0;
  while (!one.waiting.empty() && one.credits > 0 && batch.entries.size() < entries_max && bytes < bytes_max) {
    Entry& front = one.waiting.front();
    if (notes_.is_on() && front.note > confirmed_) break;
    bytes += front.bytes();
    --one.credits;
    batch.entries.push_back(front);
    one.sent.push_back({++one.cursor, std::move(front)});
    one.waiting.pop_front();
  }
  batch.cursor = batch.entries.empty() ? 0 : one.cursor;
  one.is_awake = !batch.entries.empty() || batch.lost > 0;
  return batch;
}

std::optional<base::Error> EventHub::misfortune(ReplicaId id) const {
  const std::lock_guard lock(mutex_);
  return replica(id).misfortune;
}

bool EventHub::acknowledge(ReplicaId id, std::uint64_t cursor) {
  Later later;
  {
    const std::lock_guard lock(mutex_);
    Replica& one = replica(id);
    if (cursor > one.cursor) return false;
    std::unordered_map<std::uint64_t, std::uint64_t> foreign;  // by attachment, the last cursor
    while (!one.sent.empty() && one.sent.front().cursor <= cursor) {
      const Entry& entry = one.sent.front().entry;
      one.bytes -= entry.bytes();
      if (is_unheld(entry)) one.bytes_unheld -= entry.bytes();
      if (!entry.event) foreign[entry.foreign->attachment] = entry.foreign->cursor;
      let_go(entry);
      one.sent.pop_front();
    }
    for (const auto& [attachment, last] : foreign) {
      later.calls.push_back(
          [this, attachment = attachment, last = last] { watcher_.on_foreign_done(attachment, last); });
    }
    tell_of_notes(later);
  }
  later.run();
  return true;
}

void EventHub::credit(ReplicaId id, std::uint64_t events) {
  const std::lock_guard lock(mutex_);
  replica(id).credits += events;
}

void EventHub::close() {
  Later later;
  {
    const std::lock_guard lock(mutex_);
    is_closing_ = true;
    for (const auto& [id, replica] : replicas_) later.calls.push_back(replica->wake);
  }
  later.run();
}

bool EventHub::may_end(ReplicaId id) const {
  const std::lock_guard lock(mutex_);
  const Replica& one = replica(id);
  return one.sent.empty() || one.group->replicas.size() == 1;
}

bool EventHub::is_settled(ReplicaId id) const {
  const std::lock_guard lock(mutex_);
  const Replica& one = replica(id);
  return one.waiting.empty() && one.sent.empty();
}

EventHub::Numbers EventHub::numbers() const {
  const base::TimePoint now = base::Clock::now();
  const std::lock_guard lock(mutex_);
  Numbers numbers = numbers_;
  for (const auto& [name, group] : groups_) {
    Numbers::Group& shown = numbers.groups.emplace_back();
    shown.name = name;
    shown.waiting = group->orphans.size();
    if (!group->orphans.empty()) shown.oldest = now - group->orphans.front().since;
    for (const Replica* const one : group->replicas) {
      ++(one->is_elsewhere ? shown.replicas_elsewhere : shown.replicas);
      shown.waiting += one->waiting.size();
      shown.unacknowledged += one->sent.size();
      shown.credits += one->credits;
      if (!one->waiting.empty()) shown.oldest = std::max(shown.oldest, now - one->waiting.front().since);
      if (!one->sent.empty()) shown.oldest = std::max(shown.oldest, now - one->sent.front().entry.since);
    }
  }
  return numbers;
}

}  // namespace sluice::control
