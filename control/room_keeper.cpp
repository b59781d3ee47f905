#include "control/room_keeper.hpp"

#include <algorithm>
#include <utility>

namespace sluice::control {

// FNV-1a.
std::size_t slot_of(const ClusterRoom& room) {
  std::uint64_t hash = 0xCBF29CE484222325ull;
  const auto add = [&hash](std::string_view text) {
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3ull;
  };
  add(room.name_space);
  add(std::string_view("\0", 1));
  add(room.name);
  return static_cast<std::size_t>((hash ^ hash >> 32) % room_slots);
}

void RoomKeeper::set_nodes(const std::vector<Node>& nodes, RoomSlots first, base::TimePoint now,
                           std::optional<base::TimePoint> untold) {
  const RoomSlots won = first & ~first_;
  first_ = first;
  waiting_ = (waiting_ & first) | won;
  std::erase_if(nodes_, [&](const auto& one) { return std::ranges::find(nodes, one.first) == nodes.end(); });
  for (const Node node : nodes) nodes_.try_emplace(node);
  for (const Recalled& one : std::exchange(recalled_, {})) {
    const bool is_ours = (won & slot_bit(slot_of(one.change.room))) != 0;
    if (!is_ours) {
      recalled_.push_back(one);
    } else if (untold && one.when >= *untold) {
      changes_.push_back(one.change);
    }
  }
  for (std::size_t slot = 0; slot < room_slots; ++slot) {
    if ((won & slot_bit(slot)) != 0) since_[slot] = now;
    remove(
        slot, [this](const Presence& one) { return !nodes_.contains(one.node); }, now);
  }
  look(now);
}

template <class Passes>
void RoomKeeper::remove(std::size_t slot, Passes&& passes, std::optional<base::TimePoint> now) {
  for (auto room = rooms_[slot].begin(); room != rooms_[slot].end();) {
    const bool is_changed = std::erase_if(room->second.nodes, passes) > 0;
    if (is_changed && now) {
      room = evaluate(slot, room, *now);
    } else if (is_changed && room->second.nodes.empty()) {
      --size_;
      room = rooms_[slot].erase(room);
    } else {
      ++room;
    }
  }
}

void RoomKeeper::report(Node node, const ClusterRoom& room, bool is_occupied, bool is_fresh, base::TimePoint now) {
  const auto reporter = nodes_.find(node);
  if (reporter == nodes_.end()) return;
  const std::size_t slot = slot_of(room);
  auto found = rooms_[slot].find(room);
  if (found == rooms_[slot].end()) {
    if (!is_occupied || size_ >= limits_.rooms_max) return;
    ++size_;
    found = rooms_[slot].try_emplace(room).first;
  }
  Room& known = found->second;
  const auto presence = std::ranges::find(known.nodes, node, &Presence::node);
  if (is_occupied && presence != known.nodes.end()) {
    presence->round = reporter->second.round;
  } else if (is_occupied) {
    known.nodes.push_back({node, reporter->second.round});
  } else if (presence != known.nodes.end()) {
    known.nodes.erase(presence);
  }
  if (is_occupied && !is_fresh) known.is_told = true;
  evaluate(slot, found, now);
}

void RoomKeeper::complete(Node node, RoomSlots slots, base::TimePoint now) {
  const auto reporter = nodes_.find(node);
  if (reporter == nodes_.end()) return;
  reporter->second.complete |= slots;
  for (std::size_t slot = 0; slot < room_slots; ++slot) {
    if ((slots & slot_bit(slot)) == 0) continue;
    remove(
        slot, [&](const Presence& one) { return one.node == node && one.round != reporter->second.round; }, now);
  }
  look(now);
}

void RoomKeeper::drop(Node node, RoomSlots slots) {
  const auto reporter = nodes_.find(node);
  if (reporter == nodes_.end()) return;
  reporter->second.complete &= ~slots;
  for (std::size_t slot = 0; slot < room_slots; ++slot) {
    if ((slots & slot_bit(slot)) == 0) continue;
    remove(
        slot, [node](const Presence& one) { return one.node == node; }, std::nullopt);
  }
}

void RoomKeeper::begin_anew(Node node) {
  const auto reporter = nodes_.find(node);
  if (reporter == nodes_.end()) return;
  ++reporter->second.round;
  reporter->second.complete = 0;
}

void RoomKeeper::look(base::TimePoint now) {
  for (std::size_t slot = 0; slot < room_slots; ++slot) {
    if ((waiting_ & slot_bit(slot)) == 0 || !is_settled(slot, now)) continue;
    waiting_ &= ~slot_bit(slot);
    evaluate_all(slot, now);
  }
  while (!recalled_.empty() && now - recalled_.front().when > limits_.recalled) recalled_.pop_front();
}

bool RoomKeeper::is_settled(std::size_t slot, base::TimePoint now) const {
  if ((waiting_ & slot_bit(slot)) == 0 || now - since_[slot] >= limits_.patience) return true;
  return std::ranges::all_of(nodes_, [slot](const auto& one) { return (one.second.complete & slot_bit(slot)) != 0; });
}

std::optional<base::TimePoint> RoomKeeper::deadline() const {
  std::optional<base::TimePoint> next;
  for (std::size_t slot = 0; slot < room_slots; ++slot) {
    if ((waiting_ & slot_bit(slot)) == 0) continue;
    const base::TimePoint end = since_[slot] + limits_.patience;
    if (!next || end < *next) next = end;
  }
  return next;
}

void RoomKeeper::evaluate_all(std::size_t slot, base::TimePoint now) {
  for (auto room = rooms_[slot].begin(); room != rooms_[slot].end();) room = evaluate(slot, room, now);
}

// Gives the next room.
RoomKeeper::Rooms::iterator RoomKeeper::evaluate(std::size_t slot, Rooms::iterator room, base::TimePoint now) {
  if ((waiting_ & slot_bit(slot)) != 0) return std::next(room);
  Room& known = room->second;
  if (!known.nodes.empty()) {
    if (!std::exchange(known.is_told, true)) tell(slot, {room->first, true}, now);
    return std::next(room);
  }
  if (known.is_told) tell(slot, {room->first, false}, now);
  --size_;
  return rooms_[slot].erase(room);
}

void RoomKeeper::tell(std::size_t slot, Change change, base::TimePoint now) {
  if ((first_ & slot_bit(slot)) != 0) return changes_.push_back(std::move(change));
  recalled_.push_back({now, std::move(change)});
  if (recalled_.size() > limits_.recalled_max) recalled_.pop_front();
}

std::vector<RoomKeeper::Change> RoomKeeper::take_changes() { return std::exchange(changes_, {}); }

}  // namespace sluice::control
