#pragma once
// What a sequencer's lock guards; for sequencer.cpp and sequencer_mirror.cpp alone.

#include <bitset>
#include <boost/container_hash/hash.hpp>
#include <boost/unordered/unordered_flat_map.hpp>
#include <mutex>
#include <string_view>

#include "workers/history.hpp"
#include "workers/member_counts.hpp"
#include "workers/sequencer.hpp"

namespace sluice::workers {

inline constexpr std::size_t sequencer_workers_max = 256;
using WorkerSet = std::bitset<sequencer_workers_max>;

struct KeyView {
  RoomKey::Kind kind;
  std::string_view name;
  bool operator==(const KeyView&) const = default;
};
inline KeyView view_of(const RoomKey& key) { return {key.kind, key.name}; }

struct KeyHash {
  std::size_t operator()(const KeyView& key) const {
    std::size_t seed = boost::hash_range(key.name.begin(), key.name.end());
    boost::hash_combine(seed, static_cast<int>(key.kind));
    return seed;
  }
};

// How a mirror has a room: its history has all that comes after `offset`; the backlog, if it was given, what is up to
// there.
struct Coverage {
  std::uint64_t offset = 0;
  std::unique_ptr<Backlog> backlog;
  base::TimePoint wanted_until{};
};

// What the namespace knows of a room that has members, history or coverage.
struct RoomState {
  RoomKey key;
  std::uint32_t index = 0;  // in the order of listing
  MemberCounts members;
  RoomHistory history;
  std::unique_ptr<Coverage> coverage;  // null: not covered, or no mirror
};

struct Sequencer::State {
  State(bool is_mirror_of, std::uint64_t epoch_of, HistoryLimits limits_of, base::ByteBudget& budget,
        std::vector<Mailbox*> boxes, Backend& backend_of)
      : is_mirror(is_mirror_of),
        limits(limits_of),
        mailboxes(std::move(boxes)),
        backend(backend_of),
        epoch(epoch_of),
        history(budget) {}

  RoomState* find(const KeyView& key) const {
    const auto found = rooms.find(key);
    return found == rooms.end() ? nullptr : found->second;
  }
  RoomState& find_or_make(const RoomKey& key);
  void remove_if_unused(RoomState& room);
  std::uint64_t evicted_of(const RoomKey& key) const;

  WorkerSet interested(const Target& target) const;
  std::uint64_t matched(const Target& target) const;
  bool reserve(const WorkerSet& workers, std::size_t bytes);
  void enqueue(const WorkerSet& workers, const std::shared_ptr<Message>& message);
  void append(std::unique_ptr<StoredMessage> stored, Freed& freed);
  void append_mirrored(std::unique_ptr<StoredMessage> stored, Freed& freed);
  void append_to(RoomHistory& room, StoredMessage& stored, Freed& freed);
  bool make_room_for(std::unique_ptr<StoredMessage>& stored, Freed& freed);
  void evict(StoredMessage& stored, Freed& freed);
  void forget_history(RoomState& room, Freed& freed);
  Replay snapshot(std::span<const RoomKey> keys, base::Position since) const;
  // Of a mirror's room, which may be null: what its backlog has after `since`; false if some of that is lost.
  bool append_backlog(const RoomState* room, std::uint64_t since,
                      std::vector<std::shared_ptr<const Message>>& messages) const;
  Replay history_of_mirror(const RoomState* room, std::optional<base::Position> since, std::size_t limit,
                           bool newest_first) const;
  std::uint64_t place_of(std::uint64_t offset_of_it) const;
  void tell(ClientEvent::Kind kind, base::NamespaceId name_space, const RoomKey& key);
  void tell_gap(base::NamespaceId name_space, const RoomKey& key, GapReason reason);

  const bool is_mirror;
  const HistoryLimits limits;
  const std::vector<Mailbox*> mailboxes;
  Backend& backend;

  mutable std::mutex mutex;  // guards all below
  std::uint64_t epoch;
  std::uint64_t offset = 0, place = 0;
  std::uint64_t places_before = 0;  // that earlier histories have had
  History history;
  Tombstones tombstones;
  std::vector<std::unique_ptr<RoomState>> listed;  // null: free
  std::vector<std::uint32_t> free_indexes;
  boost::unordered_flat_map<KeyView, RoomState*, KeyHash> rooms;  // keys view the names in RoomState
};

// Each once, in order. A message may have come by several rooms.
void sort_by_offset(std::vector<std::shared_ptr<const Message>>& messages);

}  // namespace sluice::workers
