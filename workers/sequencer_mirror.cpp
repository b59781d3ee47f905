// The part of Sequencer that mirrors what a shared broker delivers.

#include <algorithm>
#include <mutex>

#include "base/assert.hpp"
#include "workers/sequencer_state.hpp"
#include "workers/worker.hpp"

namespace sluice::workers {
namespace {

// How long a room stays that somebody is about to join, or has just left.
constexpr auto wanted_for = std::chrono::seconds(10);
// Places are offsets with room behind each for messages that are not stored, so that all nodes have the same.
constexpr unsigned place_shift = 20;

bool is_old(const Message& message, const HistoryLimits& limits) {
  return base::Clock::now() - message.accepted > limits.age_max;
}

}  // namespace

bool Sequencer::deliver(const std::shared_ptr<Message>& message, std::optional<std::uint64_t> offset) {
  State& state = *state_;
  SLUICE_ASSERT(state.is_mirror);
  const std::size_t bytes = message->bytes();
  auto stored = offset ? std::make_unique<StoredMessage>() : nullptr;
  if (stored) stored->message = message;
  Freed freed;
  WorkerSet workers;
  {
    const std::lock_guard lock(state.mutex);
    workers = state.interested(message->target);
    if (!state.reserve(workers, bytes)) return false;
    ++state.place;
    if (offset) {
      state.offset = std::max(state.offset, *offset);
      // One that comes late goes behind what was delivered, as it has to be behind who joined before.
      state.place = std::max(state.place, state.place_of(*offset));
    }
    message->place = state.place;
    message->position = {state.epoch, offset.value_or(state.offset)};
    if (stored) state.append_mirrored(std::move(stored), freed);
    state.enqueue(workers, message);
  }
  for (std::size_t worker = 0; worker < state.mailboxes.size(); ++worker) {
    if (workers[worker]) state.mailboxes[worker]->wake();
  }
  return true;
}

void Sequencer::advance(std::uint64_t offset) {
  const std::lock_guard lock(state_->mutex);
  state_->offset = std::max(state_->offset, offset);
  state_->place = std::max(state_->place, state_->place_of(offset));
}

// Appends the message to those of its rooms that are covered.
void Sequencer::State::append_mirrored(std::unique_ptr<StoredMessage> stored, Freed& freed) {
  const std::uint64_t newest = stored->message->position.offset;
  std::vector<RoomState*> covered;
  for (const RoomKey& key : stored->message->target.rooms) {
    RoomState* const room = find(view_of(key));
    if (room != nullptr && room->coverage) covered.push_back(room);
  }
  if (covered.empty()) return;
  StoredMessage* const raw = stored.get();
  const bool is_kept = limits.messages_max > 0 && make_room_for(stored, freed);
  if (is_kept) ++raw->references;  // until each room has its own
  for (RoomState* const room : covered) {
    RoomHistory& kept = room->history;
    const bool is_late = kept.size() > 0 && kept.at(kept.size() - 1).message->position.offset > newest;
    if (is_kept && !is_late) {
      append_to(kept, *raw, freed);
    } else {
      kept.evicted = std::max(kept.evicted, newest);
    }
  }
  if (is_kept) history.release(*raw, freed);
}

std::uint64_t Sequencer::matched(const Target& target) const {
  const std::lock_guard lock(state_->mutex);
  return state_->matched(target);
}

bool Sequencer::covers(std::span<const RoomKey> keys, std::optional<base::Position> since, base::TimePoint now) {
  if (!state_->is_mirror) return true;
  const std::lock_guard lock(state_->mutex);
  const auto is_covered = [&](const RoomKey& key) {
    const RoomState* const room = state_->find(view_of(key));
    if (room == nullptr || !room->coverage) return false;
    // A position of another history needs nothing of this one.
    if (!since || since->epoch != state_->epoch) return true;
    // Another node was further in the order: what we have not seen yet is not here.
    if (since->offset > state_->offset) return false;
    return since->offset >= room->coverage->offset || room->coverage->backlog;
  };
  if (!std::ranges::all_of(keys, is_covered)) return false;
  for (const RoomKey& key : keys) state_->find(view_of(key))->coverage->wanted_until = now + wanted_for;
  return true;
}

void Sequencer::cover(const RoomKey& key, std::uint64_t offset) {
  const std::lock_guard lock(state_->mutex);
  RoomState& room = state_->find_or_make(key);
  SLUICE_ASSERT(!room.coverage && room.history.size() == 0);
  room.history.evicted = 0;
  room.coverage = std::make_unique<Coverage>();
  room.coverage->offset = offset;
  room.coverage->wanted_until = base::Clock::now() + wanted_for;
}

std::optional<std::uint64_t> Sequencer::wants_backlog(const RoomKey& key, base::Position since) const {
  const std::lock_guard lock(state_->mutex);
  const RoomState* const room = state_->find(view_of(key));
  if (room == nullptr || !room->coverage || room->coverage->backlog) return std::nullopt;
  if (since.epoch != state_->epoch || since.offset >= room->coverage->offset) return std::nullopt;
  return room->coverage->offset;
}

void Sequencer::give_backlog(const RoomKey& key, Backlog backlog) {
  const std::lock_guard lock(state_->mutex);
  RoomState* const room = state_->find(view_of(key));
  if (room == nullptr || !room->coverage) return;
  for (const auto& message : backlog.messages) SLUICE_ASSERT(message->position.offset <= room->coverage->offset);
  room->coverage->backlog = std::make_unique<Backlog>(std::move(backlog));
}

bool Sequencer::uncover(const RoomKey& key, base::TimePoint now) {
  Freed freed;
  const std::lock_guard lock(state_->mutex);
  RoomState* const room = state_->find(view_of(key));
  if (room == nullptr || !room->coverage) return true;
  if (room->members.total() > 0 || now < room->coverage->wanted_until) return false;
  state_->forget_history(*room, freed);
  room->coverage.reset();
  state_->remove_if_unused(*room);
  return true;
}

void Sequencer::State::forget_history(RoomState& room, Freed& freed) {
  while (room.history.size() > 0) {
    StoredMessage& oldest = room.history.front();
    room.history.pop();
    history.release(oldest, freed);
  }
}

void Sequencer::lose(const RoomKey& key, std::uint64_t offset) {
  const std::lock_guard lock(state_->mutex);
  RoomState* const room = state_->find(view_of(key));
  if (room == nullptr || !room->coverage) return;
  room->history.evicted = std::max(room->history.evicted, offset);
}

void Sequencer::tell_gap(const RoomKey& key) {
  const std::lock_guard lock(state_->mutex);
  state_->tell_gap(identity_.id, key, GapReason::evicted);
}

std::uint64_t Sequencer::State::place_of(std::uint64_t offset_of_it) const {
  return places_before + (offset_of_it << place_shift);
}

std::uint64_t Sequencer::place_of(std::uint64_t offset) const {
  const std::lock_guard lock(state_->mutex);
  return state_->place_of(offset);
}

base::Position Sequencer::position_of(std::uint64_t place) const {
  const std::lock_guard lock(state_->mutex);
  const std::uint64_t before = std::min(state_->places_before, place);
  return {state_->epoch, (place - before) >> place_shift};
}

std::uint64_t Sequencer::shared_place(std::uint64_t place) const {
  const std::lock_guard lock(state_->mutex);
  return place - std::min(state_->places_before, place);
}

void Sequencer::begin(base::Position position) {
  Freed freed;
  const std::lock_guard lock(state_->mutex);
  State& state = *state_;
  const bool is_first = state.epoch == identity_.epoch && state.offset == 0;
  const bool is_other = !is_first && state.epoch != position.epoch;
  state.epoch = position.epoch;
  state.offset = position.offset;
  // Places only grow, as members remember them.
  if (is_other) state.places_before = ((state.place >> place_shift) + 1) << place_shift;
  state.place = std::max(state.place, state.place_of(position.offset));
  for (std::size_t index = 0; index < state.listed.size(); ++index) {
    RoomState* const room = state.listed[index].get();
    if (room == nullptr) continue;
    state.forget_history(*room, freed);
    room->history.evicted = 0;
    room->coverage.reset();
    state.remove_if_unused(*room);
  }
  if (!is_first) state.tell_gap(identity_.id, RoomKey::everyone(), GapReason::other_epoch);
}

// Under the lock, so that members hear of it where it befell them; by force, as it is no message that could be refused.
void Sequencer::State::tell_gap(base::NamespaceId name_space, const RoomKey& key, GapReason reason) {
  Target target;
  target.name_space = name_space;
  target.rooms.push_back(key);
  const WorkerSet workers = interested(target);
  for (std::size_t worker = 0; worker < mailboxes.size(); ++worker) {
    if (workers[worker]) mailboxes[worker]->force([target, reason](Worker& here) { here.tell_gap(target, reason); });
  }
}

bool Sequencer::State::append_backlog(const RoomState* room, std::uint64_t since,
                                      std::vector<std::shared_ptr<const Message>>& messages) const {
  if (room == nullptr || !room->coverage) return false;
  const Coverage& coverage = *room->coverage;
  if (since >= coverage.offset) return true;
  if (!coverage.backlog) return false;
  std::uint64_t lost = coverage.backlog->lost_through;
  for (const auto& message : coverage.backlog->messages) {
    if (is_old(*message, limits)) {
      lost = std::max(lost, message->position.offset);
    } else if (message->position.offset > since) {
      messages.push_back(message);
    }
  }
  return lost <= since;
}

Replay Sequencer::State::history_of_mirror(const RoomState* room, std::optional<base::Position> since,
                                           std::size_t limit, bool newest_first) const {
  Replay replay;
  if (room == nullptr || !room->coverage) return replay;
  // Bounded by what a room may keep, twice at most.
  const std::uint64_t from = since && !newest_first ? since->offset : 0;
  const bool is_whole = append_backlog(room, from, replay.messages) && room->history.evicted <= from;
  if (since && !newest_first && !is_whole) replay.gap = Gap::evicted;
  for (std::size_t at = room->history.after(from); at < room->history.size(); ++at) {
    replay.messages.push_back(room->history.at(at).message);
  }
  sort_by_offset(replay.messages);
  if (newest_first) {
    if (since) std::erase_if(replay.messages, [&](const auto& one) { return one->position.offset >= since->offset; });
    std::ranges::reverse(replay.messages);
  }
  if (replay.messages.size() > limit) replay.messages.resize(limit);
  return replay;
}

void Sequencer::trim_backlog(const RoomKey& key) {
  const std::lock_guard lock(state_->mutex);
  RoomState* const room = state_->find(view_of(key));
  if (room == nullptr || !room->coverage || !room->coverage->backlog) return;
  Backlog& backlog = *room->coverage->backlog;
  const auto fresh =
      std::ranges::find_if(backlog.messages, [&](const auto& one) { return !is_old(*one, state_->limits); });
  if (fresh == backlog.messages.begin()) return;
  backlog.lost_through = std::max(backlog.lost_through, (*(fresh - 1))->position.offset);
  backlog.messages.erase(backlog.messages.begin(), fresh);
}

}  // namespace sluice::workers
