#pragma once
// Neighbours: makes the hubs of all nodes one: a replica that is attached to any node is told its share of what happens
// on all, and the ends of the connections of a node that is lost are announced by another. Belongs to the executor's
// thread, but for the constructor and start().

#include <cstdint>
#include <functional>
#include <map>
#include <memory>

#include "base/log_limit.hpp"
#include "control/calls.hpp"
#include "control/neighbour.hpp"
#include "control/told_walk.hpp"

namespace sluice::control {

class Neighbours {
 public:
  struct Parts {
    EventHub& hub;
    workers::Pool& pool;
    Calls& calls;
    Executor& executor;
    workers::Peers& peers;
    std::size_t buffer_bytes_max;  // of the hub
  };
  explicit Neighbours(const Parts& parts);

  // Before the others and the hub begin, if there may ever be others.
  void start();

  // Calls `then`, once, when it is known which replicas other nodes have: whoever is there has said so.
  void meet(std::function<void()> then);
  // Calls `then`, once, when all other nodes have what there is for them and have acknowledged it. The hub is closing.
  void settle(std::function<void()> then);
  const NeighbourMetrics& metrics() const { return metrics_; }  // any thread

 private:
  using Node = std::uint32_t;

  Neighbour::Parts neighbour_parts();
  void on_change(const workers::PeerChange& change);
  void come(Node node);
  void go(const workers::Peer& peer);
  void set_nodes(std::optional<base::TimePoint> untold);
  void take(const workers::Peers::Question& question, const workers::Peers::OnAnswer& answer);
  void add(EventHub::ReplicaId id, const EventHub::Wish& wish);
  void remove(EventHub::ReplicaId id);
  void look_at_rooms();
  void announce_anew();
  void look_whether_met();
  void look_whether_settled();
  void wake_keepers();
  void note_malformed(const base::Error& error);

  const Parts parts_;
  const Node incarnation_;
  // What other threads hold to reach this: gone once this is.
  std::shared_ptr<Neighbours*> self_ = std::make_shared<Neighbours*>(this);
  NeighbourMetrics metrics_;
  OwnReplicas replicas_;
  std::uint64_t attachments_ = 0, sessions_ = 0;  // how many there have been
  ToldWalk note_walk_, announce_walk_;
  NoteBook book_;
  KeptConnections kept_;
  EndAnnouncer announcer_;
  ClusterRooms rooms_;
  std::map<Node, std::unique_ptr<Neighbour>> all_;
  base::TimePoint next_announce_{};
  std::function<void()> on_met_, on_settled_;
  Executor::Timer meet_timer_;
  base::LogLimit log_limit_{10, std::chrono::minutes(1)};
};

}  // namespace sluice::control
