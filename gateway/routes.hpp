#pragma once
// Routes: what the paths of the client port are for, and what each makes of a request whose head was read.

#include <memory>
#include <variant>

#include "gateway/http_exchange.hpp"
#include "workers/worker.hpp"

namespace sluice::gateway {

struct HttpHead;
struct RequestTarget;
struct WorkerContext;

// The connection has another wire now.
struct Became {};
// The connection is to go on at another worker, beginning with this request.
struct HandOver {
  base::WorkerId to;
};
// A handler takes the request's body and answers later; a reply answers at once.
using Routed = std::variant<std::unique_ptr<HttpHandler>, HttpReply, HandOver, Became>;

Routed route(workers::Worker& worker, workers::Connection& connection, WorkerContext& context, const HttpHead& head,
             const RequestTarget& target);

}  // namespace sluice::gateway
