#pragma once
// How a member leaves a node, and comes to another one, without missing anything.

#include <vector>

#include "base/result.hpp"
#include "gateway/client_counts.hpp"
#include "gateway/session_state.hpp"
#include "gateway/worker_context.hpp"
#include "workers/worker.hpp"

namespace sluice::gateway {

// The rooms that it is in, but for that of everyone.
std::vector<workers::RoomKey> member_rooms(const workers::Worker& worker, const workers::Connection& member);

// What there is of a member that leaves; its `sid`, `pid` and what it was asked are its wire's to tell.
MemberState leaving(workers::Worker& worker, const workers::Connection& member);

// Makes `fresh` the member that the state is of: gives what it has missed on the way, which is the caller's to replay,
// in rooms that were prepared. An error: it may not come in. `place` is what its client is counted by, if by this.
base::Result<workers::Announced> arrive(WorkerContext& context, workers::Worker& worker, workers::Connection& fresh,
                                        const MemberState& member, workers::WireFormat format,
                                        ClientCounts::Place place = {});

}  // namespace sluice::gateway
