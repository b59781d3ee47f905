#pragma once
// EndAnnouncer: announces the ends of the connections of nodes that are gone, if this node is the one to do so, no
// faster than backends take it. Belongs to the executor's thread.

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "control/event_hub.hpp"
#include "control/executor.hpp"
#include "control/kept_connections.hpp"
#include "control/neighbour_metrics.hpp"

namespace sluice::control {

class EndAnnouncer {
 public:
  using Node = KeptConnections::Node;
  struct Parts {
    EventHub& hub;
    Executor& executor;
    NeighbourMetrics& metrics;
    std::uint32_t incarnation = 0;                            // this node's
    std::function<bool(Node)> is_there;                       // another node
    std::function<void(Node to, Node whose)> tell_announced;  // that those ends were announced
  };
  EndAnnouncer(Parts parts, KeptConnections& kept) : parts_(std::move(parts)), kept_(kept) {}

  // It is there again, or for the first time.
  void on_came(Node node);
  // It is there no longer.
  void on_gone(Node node);
  // Another keeper has done it.
  void on_announced(Node whose);
  // Nothing is being announced.
  bool is_idle() const { return under_way_.empty(); }

 private:
  struct Work {
    Node whose = 0;
    std::vector<Node> keepers;
    std::vector<std::pair<base::ConnectionId, KeptConnection>> left;
    std::size_t count = 0;
  };

  void look_at(Node gone);
  void begin(Node gone);
  void go_on();
  void go_on_at(base::TimePoint when);
  bool announce_one(Work& work, base::TimePoint now);
  void finish(const Work& work);
  void remember(Node announced);

  const Parts parts_;
  KeptConnections& kept_;
  std::set<Node> gone_;  // of which something is kept: another keeper is to announce it
  std::deque<Work> under_way_;
  std::deque<Node> announced_;  // nodes whose ends were, the last ones
  Executor::Timer timer_;
};

}  // namespace sluice::control
