#pragma once
// RoomReports: what another node is told of our rooms, of which it keeps count, and what it tells of its. Belongs to
// the executor's thread.

#include <cstdint>
#include <deque>
#include <functional>

#include "control/cluster_rooms.hpp"
#include "control/topic.hpp"

namespace sluice::control {

class RoomReports final : public Topic {
 public:
  struct Parts {
    std::uint32_t node = 0;  // the other one
    ClusterRooms& rooms;
    NeighbourMetrics& metrics;
    std::function<void()> wake;  // there may be something to tell
  };
  explicit RoomReports(Parts parts);
  ~RoomReports() override { parts_.rooms.remove(parts_.node); }

  // It keeps count of those.
  void set_slots(RoomSlots slots);
  void report(const ClusterRoom& room, bool is_occupied);
  // All rooms have to be reported again.
  void begin_anew();
  // There may be something to report.
  void look() { parts_.wake(); }

  void fill(Telling& telling, std::size_t bytes_max) override;
  void tell_anew() override;
  void take(const Item& item) override;
  void forget() override;

 private:
  struct Change {
    ClusterRoom room;
    bool is_occupied = false;
  };

  bool has_more() const;
  std::size_t fill_slot(cluster::v1::ReportRooms& out, std::size_t bytes_max);

  const Parts parts_;
  RoomSlots slots_ = 0, missing_ = 0, dropped_ = 0;  // missing: of `slots`, those that are to be told whole
  std::size_t slot_ = 0;                             // of the missing ones, the one that is being told
  ClusterRoom last_;                                 // of it, what was told last
  std::deque<Change> changes_;
  bool is_anew_ = false;  // to be told
};

}  // namespace sluice::control
