// The part of EventHub that makes many of them one.

#include <algorithm>
#include <unordered_set>

#include "control/event_hub_state.hpp"

namespace sluice::control {

using workers::ClientEvent;

void EventHub::watch(Watcher watcher) {
  watcher_ = std::move(watcher);
  is_watched_ = true;
}

void EventHub::deliver(ReplicaId id, std::vector<Foreign> events, std::uint64_t lost) {
  Later later;
  {
    const base::TimePoint now = base::Clock::now();
    const std::lock_guard lock(mutex_);
    Replica& one = replica(id);
    one.lost_elsewhere += lost;
    for (Foreign& event : events) {
      keep_for(*one.group, one, {.since = now, .foreign = std::make_shared<const Foreign>(std::move(event))}, later);
    }
    if (lost > 0) wake(one, later);
  }
  later.run();
}

void EventHub::rewind(ReplicaId id) {
  const std::lock_guard lock(mutex_);
  Replica& one = replica(id);
  while (!one.sent.empty()) {
    one.waiting.push_front(std::move(one.sent.back().entry));
    one.sent.pop_back();
    --one.cursor;
    ++one.credits;
  }
  one.is_awake = true;  // who rewinds takes again
}

void EventHub::end(ReplicaId id, base::Error why) {
  Later later;
  {
    const std::lock_guard lock(mutex_);
    Replica& one = replica(id);
    one.misfortune = std::move(why);
    one.is_awake = false;
    wake(one, later);
  }
  later.run();
}

void EventHub::set_away(ReplicaId id, bool is_away) {
  const std::lock_guard lock(mutex_);
  replica(id).is_away = is_away;
}

bool EventHub::is_crowded() const {
  const std::lock_guard lock(mutex_);
  return std::ranges::any_of(replicas_, [this](const auto& one) {
    return one.second->bytes > limits_.bytes_max / 2 / one.second->group->replicas.size();
  });
}

// --- notes ---

template <class Each>
void EventHub::for_each_kept(Each&& each) const {
  for (const auto& [name, group] : groups_) {
    for (const Entry& entry : group->orphans) each(entry);
    for (const Replica* const one : group->replicas) {
      for (const Replica::Sent& sent : one->sent) each(sent.entry);
      for (const Entry& entry : one->waiting) each(entry);
    }
  }
}

void EventHub::keep_notes(bool is_on) {
  Later later;
  {
    const std::lock_guard lock(mutex_);
    if (notes_.is_on() == is_on) return;
    notes_.set_on(is_on);
    confirmed_ = notes_.last();
    if (is_on) {
      for_each_kept([this](const Entry& entry) { hold_end(entry); });
    } else {
      for (const auto& [id, replica] : replicas_) wake(*replica, later);
    }
  }
  later.run();
}

ConnectionNotes::Taken EventHub::take_notes(std::size_t notes_max) {
  const std::lock_guard lock(mutex_);
  auto taken = notes_.take(notes_max);
  notes_are_told_ = !taken.notes.empty() || taken.is_broken;
  return taken;
}

void EventHub::tell_of_notes(Later& later) {
  if (notes_.is_empty() || std::exchange(notes_are_told_, true)) return;
  later.calls.push_back(watcher_.on_notes);
}

void EventHub::confirm_notes(std::uint64_t number) {
  Later later;
  {
    const std::lock_guard lock(mutex_);
    if (number <= confirmed_) return;
    confirmed_ = number;
    for (const auto& [id, one] : replicas_) {
      if (!one->waiting.empty() && one->credits > 0) wake(*one, later);
    }
  }
  later.run();
}

void EventHub::note_again(std::vector<ClientEvent> told) {
  Later later;
  {
    const std::lock_guard lock(mutex_);
    if (!notes_.is_on()) return;
    for (ClientEvent& event : told) {
      const auto shared = std::make_shared<const ClientEvent>(std::move(event));
      notes_.tell(shared);
      for (const auto& [name, group] : groups_) {
        const auto owner = group->owners.find(shared->connection);
        if (owner != group->owners.end()) notes_.own(shared->connection, name, replica(owner->second).place);
      }
    }
    tell_of_notes(later);
  }
  later.run();
}

void EventHub::note_ends() {
  Later later;
  {
    const std::lock_guard lock(mutex_);
    for_each_kept([this](const Entry& entry) {
      if (is_our_end(entry)) notes_.tell(entry.event);
    });
    tell_of_notes(later);
  }
  later.run();
}

// --- the ends of connections of nodes that are lost ---

workers::Backend::Offer EventHub::offer_end(ClientEvent event, std::span<const ConnectionOwner> owners) {
  Later later;
  Offer offer = Offer::full;
  {
    const std::lock_guard lock(mutex_);
    for (const ConnectionOwner& owner : owners) {
      const auto found = groups_.find(owner.group);
      if (found == groups_.end()) continue;
      const auto& replicas = found->second->replicas;
      const auto one = std::ranges::find(replicas, owner.place, &Replica::place);
      if (one != replicas.end()) own(*found->second, event.connection, (*one)->id);
    }
    const bool has_room =
        std::ranges::none_of(groups_, [&](const auto& one) { return is_full(*one.second, event.connection); });
    if (has_room) offer = distribute(std::move(event), later);
  }
  later.run();
  return offer;
}

void EventHub::lose(std::uint64_t events) {
  Later later;
  {
    const std::lock_guard lock(mutex_);
    numbers_.lost += events;
    for (const auto& [name, group] : groups_) {
      group->lost += events;
      if (!group->replicas.empty()) wake(*group->replicas.front(), later);
    }
  }
  later.run();
}

void EventHub::drop_ends() {
  const std::lock_guard lock(mutex_);
  for (const auto& [name, group] : groups_) {
    std::unordered_set<base::ConnectionId, ConnectionHash> begin;  // of which nobody was told yet
    const auto note_begin = [&begin](const Entry& entry) {
      const bool is_begin = entry.event && entry.event->kind == ClientEvent::Kind::connected;
      if (is_begin && !entry.event->is_again) begin.insert(entry.event->connection);
    };
    std::ranges::for_each(group->orphans, note_begin);
    for (const Replica* const one : group->replicas) std::ranges::for_each(one->waiting, note_begin);
    const auto drop_from = [&](std::deque<Entry>& entries) {
      std::size_t bytes = 0;
      std::erase_if(entries, [&](const Entry& entry) {
        if (!is_our_end(entry) || begin.contains(entry.event->connection)) return false;
        bytes += entry.bytes();
        let_go(entry);
        return true;
      });
      return bytes;
    };
    group->orphan_bytes -= drop_from(group->orphans);
    for (Replica* const one : group->replicas) {
      const std::size_t bytes = drop_from(one->waiting);
      one->bytes -= bytes;
      one->bytes_unheld -= bytes;
    }
  }
}

// --- rooms of the cluster ---

// Called under the sequencer's lock, so that what befalls one room is told in its order.
void EventHub::offer_room_change(const ClientEvent& event, Later& later) {
  if (rooms_.changes.size() >= limits_.room_changes_max) {
    rooms_.changes.clear();
    rooms_.is_broken = true;
  }
  rooms_.changes.push_back({event.name_space, event.rooms.front(), event.kind == ClientEvent::Kind::room_occupied});
  if (!std::exchange(rooms_are_told_, true)) later.calls.push_back(watcher_.on_rooms);
}

EventHub::RoomChanges EventHub::take_rooms() {
  const std::lock_guard lock(mutex_);
  rooms_are_told_ = false;
  return std::exchange(rooms_, {});
}

void EventHub::offer_room(ClientEvent event) {
  Later later;
  {
    const std::lock_guard lock(mutex_);
    static_cast<void>(distribute(std::move(event), later));
  }
  later.run();
}

}  // namespace sluice::control
