#pragma once
// EventHub: the queue of events to backends: takes what clients do from workers' threads and keeps it, in order, until
// a replica of each group has dealt with it. One of the few objects that threads share, behind one short lock.
//
// In a cluster replicas that are attached to other nodes are replicas here, too, and what happens on other nodes is
// delivered to those that are attached here (control/neighbours.hpp).

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"
#include "control/connection_notes.hpp"
#include "control/event_filter.hpp"
#include "control/replica_place.hpp"
#include "workers/backend.hpp"

namespace sluice::v1 {
class Event;
}  // namespace sluice::v1

namespace sluice::control {

class EventHub final : public workers::Backend {
 public:
  struct Limits {
    std::size_t bytes_max = std::size_t{64} << 20;  // that wait in one group, and in none
    base::Duration kept{std::chrono::seconds(60)};  // how long a group without a replica is one
    bool is_expected = false;                       // backends are meant to come: keeps what happens before they do
    bool holds_messages = false;                    // messages, too
    bool refuses_messages = false;                  // else: their senders are to know that nobody was there
    std::uint32_t incarnation = 0;                  // this node's
    std::size_t notes_max = 200'000;                // of connections, that nobody has taken
    std::size_t room_changes_max = 200'000;         // likewise
  };
  explicit EventHub(const Limits& limits);
  ~EventHub() override;

  // --- for workers ---
  bool is_listening() const override { return is_listening_.load(std::memory_order_relaxed); }
  bool wants(workers::ClientEvent::Kind kind) const override {
    return (wanted_.load(std::memory_order_relaxed) & workers::kind_bit(kind)) != 0;
  }
  Offer offer(workers::ClientEvent event) override;
  void forget(const base::ConnectionId& connection) override;
  bool is_behind(const base::ConnectionId& connection) const override;

  // --- for streams, one a replica ---
  using ReplicaId = std::uint64_t;  // from 1
  struct Wish {
    std::string group;
    std::uint64_t credits = 0;
    bool gives_verdicts = false;                 // as all replicas of the group, and of no other
    EventFilter filter = {};                     // as all replicas of the group
    std::optional<ReplicaPlace> elsewhere = {};  // it is attached to another node
  };
  // What has happened on another node.
  struct Foreign {
    std::uint64_t attachment = 0;  // a replica's to that node
    std::uint64_t cursor = 0;      // there
    std::shared_ptr<v1::Event> event = {};
    std::size_t bytes = 0;
  };
  struct Entry {
    std::uint64_t number = 0;                                // in the group
    std::shared_ptr<const workers::ClientEvent> event = {};  // null: it is another node's
    base::TimePoint since{};                                 // when it happened, or came here
    std::uint64_t note = 0;                                  // not to be told before others have what is noted up to it
    std::shared_ptr<const Foreign> foreign = {};
    std::size_t bytes() const { return event ? event->bytes() : foreign->bytes; }
  };
  struct Batch {
    std::vector<Entry> entries;
    std::uint64_t cursor = 0;  // of the last of them
    std::uint64_t lost = 0;    // events of the group, since it was last told
  };
  // `wake` is called, on any thread, once there may be something to take; again only after take() has been called.
  // Errc::already_exists if the group's other replicas want something else, or another group gives verdicts.
  base::Result<ReplicaId> attach(const Wish& wish, std::function<void()> wake);
  // What it has not acknowledged goes to the others, or waits for the next.
  void detach(ReplicaId id);
  // What there is and the credits allow, up to `bytes_max` and at least one.
  Batch take(ReplicaId id, std::size_t entries_max, std::size_t bytes_max);
  // Why it cannot go on: it is too far behind, or does not fit to others. Then detach it.
  std::optional<base::Error> misfortune(ReplicaId id) const;
  // False if nothing with that cursor was taken.
  bool acknowledge(ReplicaId id, std::uint64_t cursor);
  void credit(ReplicaId id, std::uint64_t events);

  // Wakes all replicas; from now on is_closing() is true: whoever has nothing left to take may end, unless others would
  // be told again what it has not acknowledged.
  void close();
  bool is_closing() const { return is_closing_.load(std::memory_order_relaxed); }
  bool may_end(ReplicaId id) const;

  // --- for what makes many hubs one; on the executor's thread, but for note_again() ---

  // Is told what happens here, outside the lock. `on_notes` and `on_rooms` come on any thread, once until something is
  // taken.
  struct Watcher {
    std::function<void(ReplicaId, const Wish&)> on_attached;
    std::function<void(ReplicaId)> on_detached;
    std::function<void(std::uint64_t attachment, std::uint64_t cursor)> on_foreign_done;
    std::function<void()> on_notes;
    std::function<void()> on_rooms;
  };
  // Before anything else. From now on rooms that come and go are told to the watcher alone, by take_rooms().
  void watch(Watcher watcher);

  // Tells one of our replicas what has happened on another node. `lost`: events that its group has lost there.
  void deliver(ReplicaId id, std::vector<Foreign> events, std::uint64_t lost);
  // What was taken and not acknowledged is to be taken again, under the same cursors.
  void rewind(ReplicaId id);
  // It is to learn that by misfortune().
  void end(ReplicaId id, base::Error why);
  // Nothing reaches it for now: connections that are nobody's are given to others.
  void set_away(ReplicaId id, bool is_away);
  // What need not be told now had better wait.
  bool is_crowded() const;
  // Nothing waits for it, and it has acknowledged all.
  bool is_settled(ReplicaId id) const;

  // Whether anything is to be noted of connections. Events that tell of new ones wait until what was noted up to them
  // is confirmed.
  void keep_notes(bool is_on);
  ConnectionNotes::Taken take_notes(std::size_t notes_max);
  void confirm_notes(std::uint64_t number);
  // Notes connections again that backends were told of. Any thread.
  void note_again(std::vector<workers::ClientEvent> told);
  // Likewise those whose end waits to be dealt with.
  void note_ends();

  // Tells of the end of a connection of another node, which cannot do so. `full`: its replica is behind; try again.
  Offer offer_end(workers::ClientEvent event, std::span<const ConnectionOwner> owners);
  // So many events of each group are lost.
  void lose(std::uint64_t events);
  // Ends that wait are none: others have told that those connections are gone.
  void drop_ends();

  struct RoomChange {
    base::NamespaceId name_space;
    std::string room;
    bool is_occupied = false;
  };
  struct RoomChanges {
    std::vector<RoomChange> changes;
    bool is_broken = false;  // there were more than may be, and all were dropped
  };
  RoomChanges take_rooms();
  // Tells backends of a room of the cluster.
  void offer_room(workers::ClientEvent event);

  // What is measured.
  struct Numbers {
    std::uint64_t offered = 0, lost = 0, waiting_bytes = 0, waiting = 0, replicas = 0;
    std::uint64_t replicas_elsewhere = 0;
    struct Group {
      std::string name;
      std::uint64_t replicas = 0, replicas_elsewhere = 0, waiting = 0, unacknowledged = 0, credits = 0;
      base::Duration oldest{};  // of what waits or is not acknowledged
    };
    std::vector<Group> groups = {};
  };
  Numbers numbers() const;

 private:
  struct Replica;
  struct Group;
  struct Later;  // what is called once the lock is released

  // --- under mutex_ ---
  Offer distribute(workers::ClientEvent event, Later& later);
  void own(Group& group, const base::ConnectionId& connection, ReplicaId id);
  void disown(Group& group, const base::ConnectionId& connection);
  bool is_ours(const base::ConnectionId& connection) const { return connection.incarnation == limits_.incarnation; }
  bool is_full(const Group& group, const base::ConnectionId& connection) const;
  bool takes(const Group& group, const workers::ClientEvent& event) const;
  void keep(Group& group, Entry entry, Later& later);
  void keep_for(Group& group, Replica& replica, Entry entry, Later& later);
  void keep_again(Group& group, Entry entry, Later& later);
  void let_go(const Entry& entry);
  void count_done(std::uint64_t events, std::size_t bytes);
  Replica& replica_for(Group& group, const workers::ClientEvent& event);
  void wake(Replica& replica, Later& later);
  void tell_of_notes(Later& later);
  void offer_room_change(const workers::ClientEvent& event, Later& later);
  void bound(Group& group);
  void forget_vacant(base::TimePoint now);
  void settle();
  bool is_our_end(const Entry& entry) const;
  void hold_end(const Entry& entry);
  void release_end(const Entry& entry);
  template <class Each>
  void for_each_kept(Each&& each) const;
  std::string_view misfit(const Wish& wish) const;
  Replica& replica(ReplicaId id) const;

  const Limits limits_;
  Watcher watcher_;
  bool is_watched_ = false;
  std::atomic<bool> is_listening_, is_closing_{false};
  std::atomic<workers::KindSet> wanted_{0};
  mutable std::mutex mutex_;
  // All below are under mutex_. The first group is nobody's: what happened before any was there.
  std::unordered_map<std::string, std::unique_ptr<Group>> groups_;
  std::unordered_map<ReplicaId, std::unique_ptr<Replica>> replicas_;
  std::unique_ptr<Group> early_;
  ReplicaId last_replica_ = 0;
  base::TimePoint next_vacant_ = base::TimePoint::max();  // when a group without replicas may be forgotten
  ConnectionNotes notes_;
  std::uint64_t confirmed_ = 0;
  bool notes_are_told_ = false, rooms_are_told_ = false;  // the watcher will take them
  RoomChanges rooms_;
  Numbers numbers_;
};

}  // namespace sluice::control
