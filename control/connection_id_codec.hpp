#pragma once
// Ids of connections as nodes tell them to each other (sluice.cluster.v1.ConnectionId).

#include <optional>

#include "base/ids.hpp"
#include "sluice/cluster/v1/message.pb.h"

namespace sluice::control {

inline void put_id(const base::ConnectionId& id, cluster::v1::ConnectionId& out) {
  out.set_incarnation(id.incarnation);
  out.set_worker(id.worker().value);
  out.set_slot(id.slot);
  out.set_generation(id.generation);
}

// Nothing if it is none.
inline std::optional<base::ConnectionId> take_id(const cluster::v1::ConnectionId& id) {
  if (id.worker() > 0xFFFF) return std::nullopt;
  return base::ConnectionId{id.incarnation(), base::WorkerId{static_cast<std::uint16_t>(id.worker())}, id.slot(),
                            id.generation()};
}

}  // namespace sluice::control
