#pragma once
// What can be watched of what nodes do for each other's backends. Counted by the executor's thread.

#include "base/cell.hpp"

namespace sluice::control {

struct NeighbourMetrics {
  base::Cell told, heard;        // events
  base::Cell too_large;          // likewise
  base::Cell malformed;          // parts of what other nodes tell
  base::Cell kept;               // connections of other nodes
  base::Cell announced, unkept;  // of nodes that were lost
  base::Cell rooms;              // that this node counts for the cluster

  template <class Visitor>
  void describe(Visitor& v) const {
    v.counter("sluice_backend_events_told_total", told, "Events of this node told to backends at other nodes.");
    v.counter("sluice_backend_events_heard_total", heard, "Events of other nodes told to backends at this node.");
    v.counter("sluice_backend_events_too_large_total", too_large,
              "Events that no other node could be told of, as they have more than 7 MiB; they are lost.");
    v.counter("sluice_backend_tellings_malformed_total", malformed,
              "What other nodes have told about backends and was not understood.");
    v.gauge("sluice_kept_connections", kept, "Connections of other nodes whose ends this node announces if need be.");
    v.counter("sluice_announced_ends_total", announced, "Ends announced for connections of nodes that were lost.");
    v.counter("sluice_unannounced_ends_total", unkept,
              "Such ends that were not, as there were more connections than are kept.");
    v.gauge("sluice_cluster_rooms", rooms, "Rooms whose members in the whole cluster this node keeps count of.");
  }
};

}  // namespace sluice::control
