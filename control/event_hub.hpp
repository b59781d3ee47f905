#pragma once
// EventHub: the queue of events to backends: takes what clients do from workers' threads and keeps it, in order, until
// a replica of each group has dealt with it. One of the few objects that threads share, behind one short lock.

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"
#include "control/event_filter.hpp"
#include "workers/backend.hpp"

namespace sluice::control {

class EventHub final : public workers::Backend {
 public:
  struct Limits {
    std::size_t bytes_max = std::size_t{64} << 20;  // that wait in one group, and in none
    base::Duration kept{std::chrono::seconds(60)};  // how long a group without a replica is one
    bool is_expected = false;                       // backends are meant to come: keeps what happens before they do
    bool holds_messages = false;                    // messages, too
    bool refuses_messages = false;                  // else: their senders are to know that nobody was there
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
    bool gives_verdicts = false;  // as all replicas of the group, and of no other
    EventFilter filter = {};      // as all replicas of the group
  };
  struct Entry {
    std::uint64_t number = 0;  // in the group
    std::shared_ptr<const workers::ClientEvent> event;
    base::TimePoint since{};  // when it happened
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
  // It is too far behind to go on: detach it.
  bool is_overrun(ReplicaId id) const;
  // False if nothing with that cursor was taken.
  bool acknowledge(ReplicaId id, std::uint64_t cursor);
  void credit(ReplicaId id, std::uint64_t events);

  // Wakes all replicas; from now on is_closing() is true: whoever has nothing left to take may end.
  void close();
  bool is_closing() const { return is_closing_.load(std::memory_order_relaxed); }

  // What is measured.
  struct Numbers {
    std::uint64_t offered = 0, lost = 0, waiting_bytes = 0, waiting = 0, replicas = 0;
    struct Group {
      std::string name;
      std::uint64_t replicas = 0, waiting = 0, unacknowledged = 0, credits = 0;
      base::Duration oldest{};  // of what waits or is not acknowledged
    };
    std::vector<Group> groups = {};
  };
  Numbers numbers() const;

 private:
  struct Replica;
  struct Group;
  struct Hash {
    std::size_t operator()(const base::ConnectionId& id) const;
  };
  using Wakes = std::vector<std::function<void()>>;

  bool is_full(const Group& group, const base::ConnectionId& connection) const;
  bool takes(const Group& group, const workers::ClientEvent& event) const;
  void keep(Group& group, Entry entry, Wakes& wakes);
  void keep_for(Group& group, Replica& replica, Entry entry, Wakes& wakes);
  void keep_again(Group& group, Entry entry, Wakes& wakes);
  void count_done(std::uint64_t events, std::size_t bytes);
  Replica& replica_for(Group& group, const workers::ClientEvent& event);
  void bound(Group& group);
  void forget_vacant(base::TimePoint now);
  void settle();
  std::string_view misfit(const Wish& wish) const;

  const Limits limits_;
  std::atomic<bool> is_listening_, is_closing_{false};
  std::atomic<workers::KindSet> wanted_{0};
  mutable std::mutex mutex_;
  // All below are under mutex_. The first group is nobody's: what happened before any was there.
  std::unordered_map<std::string, std::unique_ptr<Group>> groups_;
  std::unordered_map<ReplicaId, std::pair<Group*, std::unique_ptr<Replica>>> replicas_;
  std::unique_ptr<Group> early_;
  ReplicaId last_replica_ = 0;
  base::TimePoint next_vacant_ = base::TimePoint::max();  // when a group without replicas may be forgotten
  Numbers numbers_;
};

}  // namespace sluice::control
