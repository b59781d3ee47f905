#pragma once
// How a request finds the connection that it is for, on whichever worker that lives.

#include <utility>

#include "base/ids.hpp"
#include "workers/worker.hpp"

namespace sluice::gateway {

// The wire of that connection if it is a `Wire`, also if it has its last words still to say; else null.
template <class Wire>
Wire* find_wire(workers::Worker& worker, const base::ConnectionId& id, workers::Connection*& connection) {
  connection = worker.find_slot(id.slot, id.generation);
  return connection == nullptr ? nullptr : dynamic_cast<Wire*>(&connection->wire());
}

// Calls deal(worker, wire, connection) on the worker where the connection lives, or otherwise(worker) there.
template <class Wire, class Deal, class Otherwise>
void with_wire(workers::Worker& here, const base::ConnectionId& id, Deal deal, Otherwise otherwise) {
  if (here.id() != id.worker()) {
    here.metrics().carried_requests.add();
    return here.post(id.worker(),
                     [id, deal = std::move(deal), otherwise = std::move(otherwise)](workers::Worker& there) mutable {
                       with_wire<Wire>(there, id, std::move(deal), std::move(otherwise));
                     });
  }
  workers::Connection* connection = nullptr;
  Wire* const wire = find_wire<Wire>(here, id, connection);
  if (wire == nullptr) return otherwise(here);
  here.run_for(*connection, [&] { deal(here, *wire, *connection); });
}

}  // namespace sluice::gateway
