#pragma once
// RoomKeeper: counts, for the whole cluster, which nodes have members of the rooms that this node keeps, and says when
// a room gets its first or loses its last. Rooms fall into slots; of each slot two nodes keep count, and the first of
// them tells. Pure.

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "base/clock.hpp"

namespace sluice::control {

struct ClusterRoom {
  std::string name_space, name;
  bool operator==(const ClusterRoom&) const = default;
  bool operator<(const ClusterRoom& other) const {
    return std::tie(name_space, name) < std::tie(other.name_space, other.name);
  }
};

inline constexpr std::size_t room_slots = 64;
using RoomSlots = std::uint64_t;  // a bit each
inline constexpr RoomSlots all_room_slots = ~RoomSlots{0};
constexpr RoomSlots slot_bit(std::size_t slot) { return RoomSlots{1} << slot; }
// The same on all nodes.
std::size_t slot_of(const ClusterRoom& room);

class RoomKeeper {
 public:
  using Node = std::uint32_t;  // by its incarnation
  struct Limits {
    std::size_t rooms_max = 4'000'000;
    // How long a slot that is new to this node waits for nodes that have not reported it.
    base::Duration patience{std::chrono::seconds(3)};
    // How far back it goes for what the node before it may not have told.
    base::Duration recalled{std::chrono::seconds(10)};
    std::size_t recalled_max = 100'000;
  };
  struct Change {
    ClusterRoom room;
    bool is_occupied = false;
  };
  explicit RoomKeeper(const Limits& limits) : limits_(limits) {}

  // All nodes that are there, this one too, and the slots of which this one tells. Rooms of other nodes are vacated.
  // `untold`: who told of slots before may have told nothing since then.
  void set_nodes(const std::vector<Node>& nodes, RoomSlots first, base::TimePoint now,
                 std::optional<base::TimePoint> untold = std::nullopt);
  // `is_fresh`: it was not so before; else the cluster knows already.
  void report(Node node, const ClusterRoom& room, bool is_occupied, bool is_fresh, base::TimePoint now);
  // The node has reported all its rooms of those slots; those that it did not since it began are none.
  void complete(Node node, RoomSlots slots, base::TimePoint now);
  // It will report no more of them: somebody else keeps them.
  void drop(Node node, RoomSlots slots);
  // It begins to report anew.
  void begin_anew(Node node);

  // Tells what is due by now.
  void look(base::TimePoint now);
  // When look() may have something to do; nothing: not before something else happens.
  std::optional<base::TimePoint> deadline() const;
  std::vector<Change> take_changes();
  std::size_t size() const { return size_; }

 private:
  struct Presence {
    Node node = 0;
    std::uint32_t round = 0;  // in which it was reported
  };
  struct Room {
    std::vector<Presence> nodes;
    bool is_told = false;  // that it is occupied
  };
  using Rooms = std::map<ClusterRoom, Room>;
  struct Reporter {
    std::uint32_t round = 0;
    RoomSlots complete = 0;
  };
  struct Recalled {
    base::TimePoint when;
    Change change;
  };

  bool is_settled(std::size_t slot, base::TimePoint now) const;
  Rooms::iterator evaluate(std::size_t slot, Rooms::iterator room, base::TimePoint now);
  void evaluate_all(std::size_t slot, base::TimePoint now);
  // Takes nodes out of the slot's rooms.
  template <class Passes>
  void remove(std::size_t slot, Passes&& passes, std::optional<base::TimePoint> now);
  void tell(std::size_t slot, Change change, base::TimePoint now);

  const Limits limits_;
  std::map<Node, Reporter> nodes_;
  RoomSlots first_ = 0, waiting_ = 0;              // waiting: of the first, those that were not settled yet
  std::array<base::TimePoint, room_slots> since_;  // from when on it is first
  std::array<Rooms, room_slots> rooms_;
  std::size_t size_ = 0;
  std::vector<Change> changes_;
  std::deque<Recalled> recalled_;  // what other nodes were to tell
};

}  // namespace sluice::control
