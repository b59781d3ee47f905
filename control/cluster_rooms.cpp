#include "control/cluster_rooms.hpp"

#include <algorithm>
#include <utility>

#include "control/rendezvous.hpp"
#include "control/room_reports.hpp"

namespace sluice::control {

using namespace std::chrono_literals;
using Kind = workers::ClientEvent::Kind;

namespace {

constexpr std::size_t counted_at_a_time = 1024;  // rooms
constexpr std::size_t told_at_a_time = 256;      // changes
constexpr base::Duration again_after = 10ms;     // while backends are behind

}  // namespace

ClusterRooms::ClusterRooms(const Parts& parts) : parts_(parts) { plan(); }

void ClusterRooms::set_nodes(const std::vector<Node>& nodes, std::optional<base::TimePoint> untold) {
  nodes_ = nodes;
  untold_ = untold;
  plan();
  untold_.reset();
}

void ClusterRooms::look_at_wishes() {
  const bool is_wanted = parts_.hub.wants(Kind::room_occupied) || parts_.hub.wants(Kind::room_vacated);
  if (is_wanted == is_on_) return;
  is_on_ = is_wanted;
  if (is_on_) {
    begin();
  } else {
    end();
  }
}

// --- this node's rooms ---

void ClusterRooms::begin() {
  for (auto& rooms : occupied_) rooms.clear();
  const bool was_counting = counting_.has_value();
  counting_ = Counting{};
  keeper_.begin_anew(parts_.incarnation);
  for (const auto& [node, reports] : reports_) reports->begin_anew();
  plan();
  if (!was_counting) count();
}

void ClusterRooms::end() {
  counting_.reset();
  for (auto& rooms : occupied_) rooms.clear();
  static_cast<void>(parts_.hub.take_rooms());
  plan();
}

// Those that had members before their changes were told.
void ClusterRooms::count() {
  if (!counting_) return;
  collect();
  const std::size_t size = parts_.pool.namespaces().size();
  if (counting_->name_space >= size) {
    counting_.reset();
    report_own(own_);
    for (const auto& [node, reports] : reports_) reports->look();
    return;
  }
  const base::NamespaceId id{static_cast<std::uint16_t>(counting_->name_space)};
  const workers::RoomPage page = parts_.pool.sequencer(id).list_rooms(counting_->from, counted_at_a_time, {});
  for (const workers::RoomInfo& room : page.rooms) {
    if (room.key.kind != workers::RoomKey::Kind::room || room.members == 0) continue;
    note({parts_.pool.namespaces().name_of(id), room.key.name}, true, false);
  }
  if (page.next) {
    counting_->from = *page.next;
  } else {
    counting_ = Counting{.name_space = counting_->name_space + 1};
  }
  parts_.executor.post([weak = std::weak_ptr(self_)] {
    if (const auto alive = weak.lock()) (*alive)->count();
  });
}

void ClusterRooms::collect() {
  EventHub::RoomChanges taken = parts_.hub.take_rooms();
  if (!is_on_) return;
  if (taken.is_broken) return begin();
  for (EventHub::RoomChange& change : taken.changes) {
    note({parts_.pool.namespaces().name_of(change.name_space), std::move(change.room)}, change.is_occupied, true);
  }
  emit();
}

void ClusterRooms::note(const ClusterRoom& room, bool is_occupied, bool is_fresh) {
  const std::size_t slot = slot_of(room);
  const bool is_changed = is_occupied ? occupied_[slot].insert(room).second : occupied_[slot].erase(room) > 0;
  if (!is_changed || !is_fresh) return;
  for (const Node keeper : keepers_[slot]) {
    if (keeper == parts_.incarnation) {
      keeper_.report(keeper, room, is_occupied, true, base::Clock::now());
    } else if (const auto reports = reports_.find(keeper); reports != reports_.end()) {
      reports->second->report(room, is_occupied);
    }
  }
}

// --- who keeps what ---

void ClusterRooms::add(Node node, RoomReports& reports) {
  reports_[node] = &reports;
  plan();
}

void ClusterRooms::plan() {
  std::vector<Node> all = nodes_;
  all.push_back(parts_.incarnation);
  RoomSlots first = 0, own = 0;
  std::map<Node, RoomSlots> others;
  for (std::size_t slot = 0; slot < room_slots; ++slot) {
    keepers_[slot] = is_on_ ? rendezvous(slot, all, keepers_max) : std::vector<Node>();
    for (const Node keeper : keepers_[slot]) {
      (keeper == parts_.incarnation ? own : others[keeper]) |= slot_bit(slot);
    }
    if (is_on_ && keepers_[slot].front() == parts_.incarnation) first |= slot_bit(slot);
  }
  keeper_.set_nodes(all, first, base::Clock::now(), untold_);
  const RoomSlots won = own & ~own_;
  keeper_.drop(parts_.incarnation, own_ & ~own);
  own_ = own;
  if (is_counted()) report_own(won);
  for (const auto& [node, reports] : reports_) reports->set_slots(others[node]);
  emit();
}

void ClusterRooms::report_own(RoomSlots slots) {
  const base::TimePoint now = base::Clock::now();
  for (std::size_t slot = 0; slot < room_slots; ++slot) {
    if ((slots & slot_bit(slot)) == 0) continue;
    for (const ClusterRoom& room : occupied_[slot]) keeper_.report(parts_.incarnation, room, true, false, now);
  }
  keeper_.complete(parts_.incarnation, slots, now);
  emit();
}

// --- what backends are told ---

void ClusterRooms::emit() {
  for (RoomKeeper::Change& change : keeper_.take_changes()) untold_changes_.push_back(std::move(change));
  parts_.metrics.rooms.set(keeper_.size());
  keeper_timer_.reset();
  if (const auto deadline = keeper_.deadline()) {
    keeper_timer_ =
        parts_.executor.at(*deadline, [this] { change([](RoomKeeper& keeper, auto now) { keeper.look(now); }); });
  }
  for (std::size_t left = told_at_a_time; left > 0 && !untold_changes_.empty() && !parts_.hub.is_crowded(); --left) {
    RoomKeeper::Change& change = untold_changes_.front();
    workers::ClientEvent event;
    event.kind = change.is_occupied ? Kind::room_occupied : Kind::room_vacated;
    event.asked_name_space = std::move(change.room.name_space);
    event.rooms.push_back(std::move(change.room.name));
    untold_changes_.pop_front();
    parts_.hub.offer_room(std::move(event));
  }
  emit_timer_.reset();
  if (untold_changes_.empty()) return;
  const base::TimePoint now = base::Clock::now();
  emit_timer_ = parts_.executor.at(parts_.hub.is_crowded() ? now + again_after : now, [this] { emit(); });
}

}  // namespace sluice::control
