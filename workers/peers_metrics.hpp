#pragma once
// What can be watched of the other nodes. Written by one thread of theirs; any may read.

#include "base/cell.hpp"

namespace sluice::workers {

struct PeersMetrics {
  base::Cell nodes, other_secrets;   // others that are there, and those of them with another secret
  base::Cell came, left, lost;       // their comings and goings
  base::Cell cut_off;                // 1: we do not hear even ourselves
  base::Cell asked, unanswered;      // questions to others, and answers that did not come
  base::Cell served, refused;        // questions of others, and those that were too many
  base::Cell malformed;              // messages that could not be understood
  base::LatencyCell answered_after;  // from a question to its last answer

  template <class Visitor>
  void describe(Visitor& v) const {
    v.gauge("sluice_cluster_nodes", nodes, "Other nodes that are there.");
    v.gauge("sluice_cluster_other_secrets", other_secrets,
            "Of them, those whose secret is another: neither knows the session ids and cursors that the other gave.");
    v.counter("sluice_cluster_nodes_came_total", came, "Other nodes that came, also after they were lost.");
    v.counter("sluice_cluster_nodes_left_total", left, "Other nodes that said goodbye.");
    v.counter("sluice_cluster_nodes_lost_total", lost, "Other nodes of which nothing was heard for 3 s.");
    v.gauge("sluice_cluster_cut_off", cut_off,
            "1 while nothing comes from the broker, not even of this node itself; then nobody counts as lost.");
    v.counter("sluice_cluster_questions_total", asked, "Questions of this node to others.");
    v.counter("sluice_cluster_unanswered_total", unanswered, "Answers to them that did not come, or were errors.");
    v.histogram("sluice_cluster_question_seconds", answered_after, "From a question to its last answer.");
    v.counter("sluice_cluster_served_total", served, "Questions of others to this node.");
    v.counter("sluice_cluster_refused_total", refused, "Of them, those that were refused, as too many were under way.");
    v.counter("sluice_cluster_messages_malformed_total", malformed,
              "Messages from nodes that could not be understood: another version's, or somebody else's.");
  }
};

}  // namespace sluice::workers
