#include "workers/sequencer.hpp"

#include <algorithm>
#include <mutex>

#include "base/assert.hpp"
#include "workers/sequencer_state.hpp"

namespace sluice::workers {
namespace {

constexpr std::size_t locked_rooms_max = 1024;  // looked at in one holding of the lock

}  // namespace

void sort_by_offset(std::vector<std::shared_ptr<const Message>>& messages) {
  const auto offset = [](const auto& message) { return message->position.offset; };
  std::sort(messages.begin(), messages.end(),
            [&offset](const auto& a, const auto& b) { return offset(a) < offset(b); });
  const auto end = std::unique(messages.begin(), messages.end(),
                               [&offset](const auto& a, const auto& b) { return offset(a) == offset(b); });
  messages.erase(end, messages.end());
}

Sequencer::Sequencer(Identity identity, HistoryLimits limits, base::ByteBudget& history_budget,
                     std::vector<Mailbox*> mailboxes, Backend& backend)
    : identity_(std::move(identity)),
      state_(std::make_unique<State>(identity_.is_mirror, identity_.epoch, limits, history_budget, std::move(mailboxes),
                                     backend)) {
  SLUICE_ASSERT(state_->mailboxes.size() <= sequencer_workers_max);
}

Sequencer::~Sequencer() = default;

RoomState& Sequencer::State::find_or_make(const RoomKey& key) {
  if (RoomState* const found = find(view_of(key))) return *found;
  auto made = std::make_unique<RoomState>();
  RoomState& room = *made;
  room.key = key;
  room.history.evicted = tombstones.evicted(KeyHash{}(view_of(key)));
  if (free_indexes.empty()) {
    room.index = static_cast<std::uint32_t>(listed.size());
    listed.push_back(std::move(made));
  } else {
    room.index = free_indexes.back();
    free_indexes.pop_back();
    listed[room.index] = std::move(made);
  }
  rooms.emplace(view_of(room.key), &room);
  return room;
}

void Sequencer::State::remove_if_unused(RoomState& room) {
  if (room.members.total() > 0 || room.history.size() > 0 || room.coverage) return;
  tombstones.bury(KeyHash{}(view_of(room.key)), room.history.evicted);
  rooms.erase(view_of(room.key));
  const std::uint32_t index = room.index;
  free_indexes.push_back(index);
  listed[index].reset();
}

std::uint64_t Sequencer::State::evicted_of(const RoomKey& key) const {
  const RoomState* const room = find(view_of(key));
  return room != nullptr ? room->history.evicted : tombstones.evicted(KeyHash{}(view_of(key)));
}

WorkerSet Sequencer::State::interested(const Target& target) const {
  WorkerSet workers;
  for (const RoomKey& key : target.rooms) {
    const RoomState* const room = find(view_of(key));
    if (room == nullptr || room->members.total() == 0) continue;
    for (std::size_t worker = 0; worker < mailboxes.size(); ++worker) {
      if (room->members.of(worker) > 0) workers.set(worker);
    }
  }
  for (const base::ConnectionId& id : target.connections) {
    if (id.worker().value < mailboxes.size()) workers.set(id.worker().value);
  }
  return workers;
}

std::uint64_t Sequencer::State::matched(const Target& target) const {
  std::uint64_t total = target.connections.size();
  for (const RoomKey& key : target.rooms) {
    const RoomState* const room = find(view_of(key));
    if (room != nullptr) total += room->members.total();
  }
  return total;
}

// Takes room for one message in each mailbox, or in none.
bool Sequencer::State::reserve(const WorkerSet& workers, std::size_t bytes) {
  for (std::size_t worker = 0; worker < mailboxes.size(); ++worker) {
    if (!workers[worker] || mailboxes[worker]->reserve(bytes)) continue;
    for (std::size_t earlier = 0; earlier < worker; ++earlier) {
      if (workers[earlier]) mailboxes[earlier]->cancel(bytes);
    }
    return false;
  }
  return true;
}

void Sequencer::State::enqueue(const WorkerSet& workers, const std::shared_ptr<Message>& message) {
  for (std::size_t worker = 0; worker < mailboxes.size(); ++worker) {
    if (workers[worker]) mailboxes[worker]->enqueue({message, {}});
  }
}

base::Result<Receipt> Sequencer::publish(const std::shared_ptr<Message>& message,
                                         std::optional<base::WorkerId> publisher) {
  State& state = *state_;
  SLUICE_ASSERT(!state.is_mirror);
  // All that the lock does not need is done before or after it.
  const std::size_t bytes = message->bytes();
  std::unique_ptr<StoredMessage> stored;
  if (message->stored && !message->target.rooms.empty()) {
    stored = std::make_unique<StoredMessage>();
    stored->message = message;
  }
  Freed freed;
  Receipt receipt;
  WorkerSet workers;
  {
    const std::lock_guard lock(state.mutex);
    workers = state.interested(message->target);
    if (!state.reserve(workers, bytes)) {
      return base::fail(base::Errc::exhausted, "a worker's mailbox is full; try again in a moment");
    }
    receipt.matched = state.matched(message->target);
    if (message->stored) ++state.offset;
    message->place = ++state.place;
    message->position = receipt.position = {state.epoch, state.offset};
    if (stored) state.append(std::move(stored), freed);
    state.enqueue(workers, message);
  }
  receipt.is_exact = message->target.is_one_room();
  for (std::size_t worker = 0; worker < state.mailboxes.size(); ++worker) {
    if (workers[worker] && (!publisher || publisher->value != worker)) state.mailboxes[worker]->wake();
  }
  return receipt;
}

// Appends the message to each of its rooms; those that cannot keep it remember that they have lost it.
void Sequencer::State::append(std::unique_ptr<StoredMessage> stored, Freed& freed) {
  const std::vector<RoomKey>& keys = stored->message->target.rooms;
  const std::uint64_t newest = stored->message->position.offset;
  StoredMessage* const raw = stored.get();
  if (limits.messages_max == 0 || !make_room_for(stored, freed)) {
    for (const RoomKey& key : keys) {
      if (RoomState* const room = find(view_of(key))) {
        room->history.evicted = newest;
      } else {
        tombstones.bury(KeyHash{}(view_of(key)), newest);
      }
    }
    return;
  }
  for (const RoomKey& key : keys) append_to(find_or_make(key).history, *raw, freed);
}

void Sequencer::State::append_to(RoomHistory& room, StoredMessage& stored, Freed& freed) {
  // The same room twice in one target is one room.
  if (room.size() > 0 && &room.at(room.size() - 1) == &stored) return;
  if (room.size() >= limits.messages_max) {
    StoredMessage& oldest = room.front();
    room.pop();
    history.release(oldest, freed);
  }
  room.push(stored);
}

// Lets the namespace's oldest messages go until this one fits; false if even that is not enough.
bool Sequencer::State::make_room_for(std::unique_ptr<StoredMessage>& stored, Freed& freed) {
  if (!history.could_hold(*stored)) return false;
  while (!history.try_append(stored)) {
    if (history.is_empty()) return false;
    evict(history.oldest(), freed);
  }
  return true;
}

// Takes the namespace's oldest message out of all its rooms, each of whose oldest it is.
void Sequencer::State::evict(StoredMessage& stored, Freed& freed) {
  const std::shared_ptr<const Message> message = stored.message;
  for (const RoomKey& key : message->target.rooms) {
    RoomState* const room = find(view_of(key));
    if (room == nullptr || room->history.size() == 0 || &room->history.front() != &stored) continue;
    room->history.pop();
    history.release(stored, freed);
    remove_if_unused(*room);
  }
}

Joined Sequencer::join(base::WorkerId worker, std::span<const RoomKey> keys, std::optional<base::Position> since) {
  State& state = *state_;
  Joined joined;
  {
    const std::lock_guard lock(state.mutex);
    for (const RoomKey& key : keys) {
      RoomState& room = state.find_or_make(key);
      room.members.add(worker.value, state.mailboxes.size());
      if (room.members.total() == 1) state.tell(ClientEvent::Kind::room_occupied, identity_.id, key);
    }
    joined.place = state.place;
    joined.position = {state.epoch, state.offset};
    if (since) joined.replay = state.snapshot(keys, *since);
  }
  sort_by_offset(joined.replay.messages);
  return joined;
}

// Under the lock, so that what befalls one room is told in its order.
void Sequencer::State::tell(ClientEvent::Kind kind, base::NamespaceId name_space, const RoomKey& key) {
  if (key.kind != RoomKey::Kind::room || !backend.wants(kind)) return;
  ClientEvent event;
  event.kind = kind;
  event.name_space = name_space;
  event.rooms.push_back(key.name);
  static_cast<void>(backend.offer(std::move(event)));
}

// Copies references only; the caller sorts, outside the lock.
Replay Sequencer::State::snapshot(std::span<const RoomKey> keys, base::Position since) const {
  Replay replay;
  if (since.epoch != epoch || since.offset > offset) {
    replay.gap = since.epoch != epoch ? Gap::other_epoch : Gap::future;
    return replay;
  }
  for (const RoomKey& key : keys) {
    if (evicted_of(key) > since.offset) replay.gap = Gap::evicted;
    const RoomState* const room = find(view_of(key));
    if (is_mirror && !append_backlog(room, since.offset, replay.messages)) replay.gap = Gap::evicted;
    if (room == nullptr) continue;
    for (std::size_t at = room->history.after(since.offset); at < room->history.size(); ++at) {
      replay.messages.push_back(room->history.at(at).message);
    }
  }
  return replay;
}

Replay Sequencer::replay(std::span<const RoomKey> keys, base::Position since) const {
  Replay replay;
  {
    const std::lock_guard lock(state_->mutex);
    replay = state_->snapshot(keys, since);
  }
  sort_by_offset(replay.messages);
  return replay;
}

void Sequencer::leave(base::WorkerId worker, std::span<const RoomKey> keys) {
  const std::lock_guard lock(state_->mutex);
  for (const RoomKey& key : keys) {
    RoomState* const room = state_->find(view_of(key));
    SLUICE_ASSERT(room != nullptr);
    room->members.remove(worker.value);
    if (room->members.total() == 0) state_->tell(ClientEvent::Kind::room_vacated, identity_.id, key);
    state_->remove_if_unused(*room);
  }
}

Replay Sequencer::history(const RoomKey& key, std::optional<base::Position> since, std::size_t limit,
                          bool newest_first) const {
  const State& state = *state_;
  const std::lock_guard lock(state.mutex);
  Replay replay;
  if (since && since->epoch != state.epoch) replay.gap = Gap::other_epoch;
  if (since && replay.gap == Gap::none && since->offset > state.offset) replay.gap = Gap::future;
  if (replay.gap != Gap::none) return replay;
  if (since && !newest_first && state.evicted_of(key) > since->offset) replay.gap = Gap::evicted;
  const RoomState* const room = state.find(view_of(key));
  if (state.is_mirror) return state.history_of_mirror(room, since, limit, newest_first);
  if (room == nullptr) return replay;
  const RoomHistory& kept = room->history;
  if (newest_first) {
    std::size_t end = kept.size();
    if (since) end = since->offset == 0 ? 0 : kept.after(since->offset - 1);
    while (end > 0 && replay.messages.size() < limit) replay.messages.push_back(kept.at(--end).message);
    return replay;
  }
  for (std::size_t at = since ? kept.after(since->offset) : 0; at < kept.size() && replay.messages.size() < limit;
       ++at) {
    replay.messages.push_back(kept.at(at).message);
  }
  return replay;
}

std::uint64_t Sequencer::members(const RoomKey& key) const {
  const std::lock_guard lock(state_->mutex);
  const RoomState* const room = state_->find(view_of(key));
  return room == nullptr ? 0 : room->members.total();
}

void Sequencer::trim(base::TimePoint now) {
  for (bool is_done = false; !is_done;) {
    Freed freed;  // outlives the lock
    const std::lock_guard lock(state_->mutex);
    for (std::size_t rooms = 0; rooms < locked_rooms_max && !is_done;) {
      is_done =
          state_->history.is_empty() || now - state_->history.oldest().message->accepted <= state_->limits.age_max;
      if (is_done) break;
      rooms += state_->history.oldest().message->target.rooms.size();
      state_->evict(state_->history.oldest(), freed);
    }
  }
}

base::Position Sequencer::position() const {
  const std::lock_guard lock(state_->mutex);
  return {state_->epoch, state_->offset};
}

Sequencer::Size Sequencer::size() const {
  const std::lock_guard lock(state_->mutex);
  return {state_->rooms.size(), state_->history.messages(), state_->history.bytes()};
}

}  // namespace sluice::workers
