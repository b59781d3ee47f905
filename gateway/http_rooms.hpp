#pragma once
// The paths of the client port that are plain HTTP: a stream of events, polls, and publishing.

#include "gateway/routes.hpp"

namespace sluice::gateway {

// GET /sse
Routed route_sse(const RouteParts& parts);
// GET /poll
Routed route_poll(const RouteParts& parts);
// POST /publish
Routed route_publish(const RouteParts& parts);

}  // namespace sluice::gateway
