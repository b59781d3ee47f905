#pragma once
// What can be watched about the other nodes. Written on the loop's thread; any may read.

#include "base/cell.hpp"

namespace sluice::cluster {

struct PeersMetrics {
  base::Cell nodes;                  // others that are there
  base::Cell came, left, lost;       // comings and goings of them
  base::Cell asked, unanswered;      // questions to others, and shares of them to which no answer came
  base::Cell served, refused;        // questions of others, and those that were too many
  base::Cell malformed;              // messages that could not be understood
  base::Cell cut_off;                // 1: we do not hear even ourselves
  base::LatencyCell answered_after;  // from a question to its last answer
};

}  // namespace sluice::cluster
