#pragma once
// What can be watched about the broker. Written on the loop's thread; any may read.

#include "base/cell.hpp"

namespace sluice::cluster {

struct BrokerMetrics {
  base::Cell connected;                            // 1: the broker is there
  base::Cell connects, disconnects;                // connections to a server that began, that were lost
  base::Cell published, refused, repeated;         // messages acknowledged, given up, sent again
  base::Cell waiting;                              // messages that wait for their acknowledgement
  base::Cell received, received_bytes, malformed;  // copies that came, for whatever reason
  base::Cell filled, holes, audits, lost;          // messages that had to be fetched, and why; gaps that were told
  base::Cell held;                                 // messages that wait for one before them, or for a mailbox
  base::Cell rooms;                                // subjects that are subscribed to
  base::LatencyCell acknowledged_after;            // from a publish to its acknowledgement
};

}  // namespace sluice::cluster
