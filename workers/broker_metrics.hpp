#pragma once
// What can be watched of a shared broker. Written by one thread of the broker's; any may read.

#include <string_view>

#include "base/cell.hpp"

namespace sluice::workers {

struct BrokerMetrics {
  base::Cell connected;                            // 1: the broker is there
  base::Cell connects, disconnects;                // connections to it that began, that were lost
  base::Cell published, refused, repeated;         // messages that it has acknowledged, that were given up, sent again
  base::Cell waiting;                              // messages that wait for their acknowledgement
  base::Cell received, received_bytes, malformed;  // messages that came from it
  base::Cell holes, filled, audits, lost;          // what was missing, and messages that were fetched for that
  base::Cell held;                                 // messages that wait for one before them, or for a mailbox
  base::Cell rooms;                                // whose messages come here
  base::LatencyCell acknowledged_after;            // from a publish to its acknowledgement

  template <class Visitor>
  void describe(Visitor& v) const {
    v.gauge("sluice_broker_connected", connected, "1 while the broker and its stream are there, else 0.");
    v.counter("sluice_broker_connects_total", connects, "Connections to the broker that began.");
    v.counter("sluice_broker_disconnects_total", disconnects, "Connections to the broker that were lost.");
    v.counter("sluice_broker_messages_published_total", published, "Messages of this node that the broker has taken.");
    v.counter("sluice_broker_messages_refused_total", refused,
              "Messages of this node that were given up, as the broker did not take them or not in time.");
    v.counter("sluice_broker_messages_repeated_total", repeated,
              "Messages sent to the broker once more, as it may not have had them.");
    v.gauge("sluice_broker_messages_waiting", waiting, "Messages of this node that the broker has not taken yet.");
    v.histogram("sluice_broker_publish_seconds", acknowledged_after,
                "From a publish on this node to the broker's acknowledgement.");
    v.counter("sluice_broker_messages_received_total", received, "Messages that came from the broker.");
    v.counter("sluice_broker_bytes_received_total", received_bytes, "Their bytes, without headers.");
    v.counter("sluice_broker_messages_malformed_total", malformed,
              "Of them, those that are none of a node: another version's, or somebody else's.");
    v.counter("sluice_broker_holes_total", holes, "Places in a room's order at which a message had not come.");
    v.counter("sluice_broker_messages_fetched_total", filled, "Messages that were fetched, as they had not come.");
    v.counter("sluice_broker_audits_total", audits,
              "Searches for messages that were missed while the broker, or the leader of its stream, was away.");
    v.counter("sluice_broker_rooms_lost_total", lost,
              "Rooms of which messages were missed that the broker does not keep any more.");
    v.gauge("sluice_broker_messages_held", held, "Messages that wait for one before them, or for a worker.");
    v.gauge("sluice_broker_rooms", rooms, "Rooms whose messages come to this node, implicit ones included.");
  }
};

}  // namespace sluice::workers
