#pragma once
// What a request of an Engine.IO client says to its session, which lives on some worker of this node. The request
// itself may have been read by another one, or by another node.

#include <string>

#include "gateway/http_exchange.hpp"
#include "gateway/worker_context.hpp"
#include "workers/worker.hpp"

namespace sluice::gateway {

// Answers a request, whichever worker or node has read it; nothing happens if it does not wait any more. One that
// another node has read is answered on the worker to which it was carried.
void answer(WorkerContext& context, workers::Worker& here, const ExchangeId& id, HttpReply reply);

// The requests `id` of the session `session`: as EngineSession::on_poll and so on. A request whose session is not there
// is answered so.
void poll_session(WorkerContext& context, workers::Worker& here, const base::ConnectionId& session,
                  const ExchangeId& id);
void begin_post(workers::Worker& here, const base::ConnectionId& session, const ExchangeId& id);
void post_to_session(WorkerContext& context, workers::Worker& here, const base::ConnectionId& session,
                     const ExchangeId& id, std::string payload);
void end_request(workers::Worker& here, const base::ConnectionId& session, const ExchangeId& id);

}  // namespace sluice::gateway
