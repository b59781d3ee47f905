#pragma once
// ClusterRooms: tells backends of rooms that get their first member in the cluster, or lose their last, once: this
// node's rooms are reported to those who keep count of them (RoomReports, one for each other node), and of some of them
// it keeps count itself. Only while backends want to know. Belongs to the executor's thread.

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "control/event_hub.hpp"
#include "control/executor.hpp"
#include "control/neighbour_metrics.hpp"
#include "control/room_keeper.hpp"
#include "workers/pool.hpp"

namespace sluice::control {

class RoomReports;

class ClusterRooms {
 public:
  using Node = RoomKeeper::Node;
  static constexpr std::size_t keepers_max = 2;  // of a slot
  struct Parts {
    EventHub& hub;
    workers::Pool& pool;
    Executor& executor;
    NeighbourMetrics& metrics;
    Node incarnation = 0;  // this node's
  };
  explicit ClusterRooms(const Parts& parts);

  // The nodes that are there, beside this one. `untold`: as RoomKeeper has it.
  void set_nodes(const std::vector<Node>& nodes, std::optional<base::TimePoint> untold = std::nullopt);
  // Backends may want to know now, or no longer.
  void look_at_wishes();
  // The hub has changes of this node's rooms.
  void collect();

  // --- for RoomReports ---
  void add(Node node, RoomReports& reports);
  void remove(Node node) { reports_.erase(node); }
  // Rooms of this node that have members, of one slot.
  const std::set<ClusterRoom>& occupied(std::size_t slot) const { return occupied_[slot]; }
  // All of them are known.
  bool is_counted() const { return is_on_ && !counting_; }
  // Has the keeper take what `change` tells it, and tells what comes of it.
  template <class Take>
  void change(Take&& take) {
    take(keeper_, base::Clock::now());
    emit();
  }

 private:
  struct Counting {
    std::size_t name_space = 0;
    std::uint32_t from = 0;
  };

  void begin();
  void end();
  void count();
  void note(const ClusterRoom& room, bool is_occupied, bool is_fresh);
  void plan();
  void report_own(RoomSlots slots);
  void emit();

  const Parts parts_;
  std::shared_ptr<ClusterRooms*> self_ = std::make_shared<ClusterRooms*>(this);
  RoomKeeper keeper_{RoomKeeper::Limits{}};
  std::map<Node, RoomReports*> reports_;
  std::vector<Node> nodes_;  // beside this one
  std::optional<base::TimePoint> untold_;
  std::array<std::set<ClusterRoom>, room_slots> occupied_;
  std::array<std::vector<Node>, room_slots> keepers_;  // by slot
  RoomSlots own_ = 0;                                  // that this node keeps
  bool is_on_ = false;
  std::optional<Counting> counting_;
  std::deque<RoomKeeper::Change> untold_changes_;
  Executor::Timer keeper_timer_, emit_timer_;
};

}  // namespace sluice::control
