#pragma once
// What workers say to each other about Socket.IO sockets that broke and whose clients come back, by messages alone: the
// worker on which a socket was first opened (which its pid names) knows where it is.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "gateway/recovery.hpp"
#include "gateway/worker_context.hpp"
#include "workers/worker.hpp"

namespace sluice::gateway {

// The socket broke: its client may come back.
void save_socket(workers::Worker& worker, WorkerContext& context, const std::string& pid, BrokenSocket socket);
// It lives at `id` from now on.
void note_socket_alive(workers::Worker& worker, WorkerContext& context, const std::string& pid,
                       const base::ConnectionId& id);
// It lives there no more.
void forget_socket(workers::Worker& worker, WorkerContext& context, const std::string& pid,
                   const base::ConnectionId& id);

// Asks for the socket of `pid`, taking it from a connection that is half dead if there is one. claimed(worker, context,
// socket) is called on the asking worker, now or later; nothing if there is no such socket. What it does not use it has
// to save again.
using Claimed = std::function<void(workers::Worker&, WorkerContext&, std::optional<BrokenSocket>)>;
void claim_socket(workers::Worker& worker, WorkerContext& context, const std::string& pid, Claimed claimed);

}  // namespace sluice::gateway
