#pragma once
// Entrance: how a client comes in, whatever wire it speaks: it is counted, shows its token, and a backend may say
// whether it may.

#include <functional>
#include <optional>
#include <span>
#include <string>

#include "base/result.hpp"
#include "gateway/admission.hpp"
#include "gateway/worker_context.hpp"
#include "workers/worker.hpp"

namespace sluice::gateway {

// A client comes from where the connection's is. Errc::too_many if there are too many.
base::Result<ClientCounts::Place> count_client(WorkerContext& context, workers::Worker& worker,
                                               const workers::Connection& connection);
// Likewise for one that the cluster has already, and that is not turned away for what new ones are.
base::Result<ClientCounts::Place> count_address(WorkerContext& context, workers::Worker& worker,
                                                const workers::Connection& connection);
// It comes in as the admission's user. Likewise.
base::Status count_user(WorkerContext& context, Admission& admission);

// What a client that shows `token`, or none, is let in as by that; it is counted by its address.
base::Result<Admission> admit_by_token(WorkerContext& context, workers::Worker& worker,
                                       const workers::Connection& connection, const std::optional<std::string>& token);

// A client that comes without a request.
struct Arrival {
  workers::Protocol protocol;
  std::string name_space = "/";
  std::optional<std::string> token = {};
};
// Lets it in, by a backend's verdict if one is needed: calls `then`, now or later, while the connection is open. `then`
// says whether the client is still about to be announced, which is prepare()'s business; what it has not announced
// otherwise, backends are told to forget.
using Entered = std::function<bool(workers::Worker&, workers::Connection&, base::Result<Admission>)>;
void enter(WorkerContext& context, workers::Worker& worker, workers::Connection& connection, const Arrival& arrival,
           Entered then);

// What a client is about to be a member of. Good during the call.
struct RoomsWish {
  base::NamespaceId name_space;
  std::span<const workers::RoomKey> rooms;
  std::optional<base::Position> since = std::nullopt;
};
// Has the messages of those rooms come to this node. Gives the outcome, which has to be OK before the client joins, or
// nothing if that takes a while: then `then` is called later, while the connection is open, and what it has not
// announced, backends are told to forget. Errc::unavailable: it may come back.
using Prepared = std::function<void(workers::Worker&, workers::Connection&, const base::Status&)>;
std::optional<base::Status> prepare(WorkerContext& context, workers::Worker& worker,
                                    const workers::Connection& connection, const RoomsWish& wish, Prepared then);

}  // namespace sluice::gateway
