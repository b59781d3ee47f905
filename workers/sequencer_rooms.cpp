// Sequencer's lists of rooms.

#include <algorithm>
#include <utility>

#include "workers/sequencer_state.hpp"

namespace sluice::workers {
namespace {

constexpr std::size_t locked_rooms_max = 1024;  // looked at in one holding of the lock

bool is_before(const RoomInfo& a, const RoomInfo& b) { return a.key.name < b.key.name; }

}  // namespace

RoomPage Sequencer::list_rooms(std::uint32_t from, std::size_t limit, const std::string& prefix) const {
  RoomPage page;
  for (bool is_done = false; !is_done;) {
    const std::lock_guard lock(state_->mutex);
    const auto end = static_cast<std::uint32_t>(std::min(state_->listed.size(), from + locked_rooms_max));
    for (; from < end && page.rooms.size() < limit; ++from) {
      const RoomState* const room = state_->listed[from].get();
      if (room == nullptr || room->key.kind != RoomKey::Kind::room || !room->key.name.starts_with(prefix)) continue;
      page.rooms.push_back({room->key, room->members.total(), room->history.size()});
    }
    is_done = from >= state_->listed.size() || page.rooms.size() >= limit;
    if (is_done && from < state_->listed.size()) page.next = from;
  }
  return page;
}

RoomsByName Sequencer::list_rooms_by_name(const std::string& after, std::size_t limit,
                                          const std::string& prefix) const {
  // The first ones so far, the last of them in front; one more than wanted tells whether there are more.
  RoomsByName list;
  const auto take = [&](const RoomState& room) {
    const std::string& name = room.key.name;
    if (room.key.kind != RoomKey::Kind::room || name <= after || !name.starts_with(prefix)) return;
    if (list.rooms.size() > limit) {
      if (name >= list.rooms.front().key.name) return;
      std::ranges::pop_heap(list.rooms, is_before);
      list.rooms.pop_back();
    }
    list.rooms.push_back({room.key, room.members.total(), room.history.size()});
    std::ranges::push_heap(list.rooms, is_before);
  };
  std::size_t from = 0;
  for (bool is_done = false; !is_done;) {
    const std::lock_guard lock(state_->mutex);
    const std::size_t end = std::min(state_->listed.size(), from + locked_rooms_max);
    for (; from < end; ++from) {
      if (state_->listed[from]) take(*state_->listed[from]);
    }
    is_done = from >= state_->listed.size();
  }
  std::ranges::sort_heap(list.rooms, is_before);
  list.has_more = list.rooms.size() > limit;
  if (list.has_more) list.rooms.pop_back();
  return list;
}

}  // namespace sluice::workers
