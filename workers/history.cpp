#include "workers/history.hpp"

#include <algorithm>

#include "base/assert.hpp"

namespace sluice::workers {
namespace {

constexpr std::size_t room_bytes = 300;  // about; the sequencer's entry of a room with one message

}  // namespace

std::size_t RoomHistory::after(std::uint64_t offset) const {
  std::size_t low = 0, high = size();
  while (low < high) {
    const std::size_t middle = (low + high) / 2;
    if (at(middle).message->position.offset > offset) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

void RoomHistory::push(StoredMessage& stored) {
  if (!ring_) ring_ = std::make_unique<Ring>();
  Ring& ring = *ring_;
  if (ring.size == ring.places.size()) {
    std::vector<StoredMessage*> grown(std::max<std::size_t>(4, ring.size * 2));
    for (std::size_t index = 0; index < ring.size; ++index) grown[index] = &at(index);
    ring.places = std::move(grown);
    ring.begin = 0;
  }
  ring.places[(ring.begin + ring.size++) & (ring.places.size() - 1)] = &stored;
  ++stored.references;
}

void RoomHistory::pop() {
  SLUICE_ASSERT(size() > 0);
  evicted = std::max(evicted, front().message->position.offset);
  ring_->begin = (ring_->begin + 1) & (ring_->places.size() - 1);
  if (--ring_->size == 0) ring_.reset();
}

History::~History() {
  while (oldest_ != nullptr) {
    const std::unique_ptr<StoredMessage> stored(oldest_);
    oldest_ = stored->next;
  }
  budget_.give_back(bytes_);
}

std::size_t History::weight(const StoredMessage& stored) {
  // A room that nobody is in lives for its history alone: its entry, its name and its place in the list.
  std::size_t rooms = 0;
  for (const RoomKey& key : stored.message->target.rooms) rooms += room_bytes + key.name.size();
  return sizeof(StoredMessage) + stored.message->bytes() + rooms;
}

bool History::try_append(std::unique_ptr<StoredMessage>& stored) {
  const std::size_t bytes = weight(*stored);
  if (!budget_.try_take(bytes)) return false;
  bytes_ += bytes;
  ++messages_;
  StoredMessage* const raw = stored.release();
  raw->previous = newest_;
  (newest_ != nullptr ? newest_->next : oldest_) = raw;
  newest_ = raw;
  return true;
}

void History::release(StoredMessage& stored, Freed& freed) {
  SLUICE_ASSERT(stored.references > 0);
  if (--stored.references > 0) return;
  const std::size_t bytes = weight(stored);
  budget_.give_back(bytes);
  bytes_ -= bytes;
  --messages_;
  (stored.previous != nullptr ? stored.previous->next : oldest_) = stored.next;
  (stored.next != nullptr ? stored.next->previous : newest_) = stored.previous;
  freed.emplace_back(&stored);
}

void Tombstones::bury(std::size_t hash, std::uint64_t evicted) {
  if (evicted == 0) return;
  if (!offsets_) offsets_ = std::make_unique<std::uint64_t[]>(places);
  std::uint64_t& offset = offsets_[hash % places];
  offset = std::max(offset, evicted);
}

}  // namespace sluice::workers
