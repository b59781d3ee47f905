#pragma once
// Neighbour: another node of the cluster, as far as backends are concerned: all that is told to it and by it. Belongs
// to the executor's thread.

#include <array>
#include <cstdint>
#include <functional>
#include <memory>

#include "control/attachments.hpp"
#include "control/courier.hpp"
#include "control/keeping.hpp"
#include "control/outlets.hpp"
#include "control/room_reports.hpp"

namespace sluice::control {

class Neighbour {
 public:
  struct Parts {
    EventHub& hub;
    const Calls& calls;
    Executor& executor;
    workers::Peers& peers;
    NeighbourMetrics& metrics;
    const OwnReplicas& replicas;
    std::function<std::uint64_t()> new_attachment;
    NoteBook& book;
    KeptConnections& kept;
    EndAnnouncer& announcer;
    ClusterRooms& rooms;
    std::uint32_t incarnation = 0;  // this node's
    std::function<std::string_view(base::NamespaceId)> name_of;
    std::function<void()> on_announced;  // others have announced the ends of our connections
    std::function<void()> on_progress;   // it may be settled now
  };
  // `session`: as Courier has it.
  Neighbour(const Parts& parts, std::uint32_t node, std::uint64_t session);

  // Takes a part of what it tells. Errc::bad_request if this node does not understand it.
  base::Result<cluster::v1::Taken> take(const Topic::Telling& telling);
  void wake() { courier_->wake(); }
  Attachments& attachments() { return attachments_; }
  Keeping& keeping() { return keeping_; }
  // It has told something, and with that what replicas it has.
  bool has_told() const { return number_ > 0; }
  // It has all that there is for it, and has acknowledged it.
  bool is_settled() const { return courier_->is_idle() && outlets_.are_settled(); }

 private:
  void fill(Topic::Telling& telling);
  std::array<Topic*, 4> topics() { return {&keeping_, &attachments_, &rooms_, &outlets_}; }

  const std::function<void()> on_progress_;
  std::unique_ptr<Courier> courier_;
  // What it is told of connections goes before what others are told of them.
  Keeping keeping_;
  Attachments attachments_;
  RoomReports rooms_;
  Outlets outlets_;
  std::uint64_t session_ = 0, number_ = 0;  // of what it tells
};

}  // namespace sluice::control
