#pragma once
// What requests say to their sessions, which live on some worker of this node: those of Engine.IO clients, and of those
// that poll for rooms. The request itself may have been read by another worker, or by another node.

#include <string>

#include "gateway/http_exchange.hpp"
#include "gateway/poll_session.hpp"
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
// As PollSession::on_poll.
void poll_rooms(WorkerContext& context, workers::Worker& here, const base::ConnectionId& session,
                const PollSession::Ask& ask);
// Whoever made it is gone.
void end_request(workers::Worker& here, const base::ConnectionId& session, const ExchangeId& id);

}  // namespace sluice::gateway
