#pragma once
// What workers say to each other about Socket.IO sockets that broke and whose clients come back, by messages alone: one
// worker of the node, a socket's keeper, knows where it is. All of this is about this node; other nodes ask by way of
// SocketClaims.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "gateway/recovery.hpp"
#include "gateway/worker_context.hpp"
#include "workers/worker.hpp"

namespace sluice::gateway {

// The worker of this node that keeps the socket of `pid`: where it was first opened, if that was here.
base::WorkerId keeper_of(const workers::Worker& worker, const WorkerContext& context, const std::string& pid);

// The socket broke: its client may come back. `is_written`: the cluster's store has it as it is.
void save_socket(workers::Worker& worker, WorkerContext& context, const std::string& pid, BrokenSocket socket,
                 bool is_written);
// It lives at `id` from now on; `revision` is that of BrokenSocket.
// Remembers a socket that may be this node's since a moment ago, which nobody could tell; what is known of it here
// already counts for more.
void keep_copy(workers::Worker& worker, WorkerContext& context, const std::string& pid, BrokenSocket socket);
void note_socket_alive(workers::Worker& worker, WorkerContext& context, const std::string& pid,
                       const base::ConnectionId& id, const std::optional<std::uint64_t>& revision);
// It lives at `id` from now on, but what the store has of it is still another node's, until adopt_record() is called.
void note_socket_arrived(workers::Worker& worker, WorkerContext& context, const std::string& pid,
                         const base::ConnectionId& id);
// Nobody else writes any more what the store has of it, which is of that revision; nothing: another node does.
void adopt_record(workers::Worker& worker, WorkerContext& context, const std::string& pid,
                  const std::optional<std::uint64_t>& revision);
// It lives there no more; `is_over`: nor does it come back.
void forget_socket(workers::Worker& worker, WorkerContext& context, const std::string& pid,
                   const base::ConnectionId& id, bool is_over);

// Nobody goes on as the socket that was claimed.
void drop_socket(workers::Worker& worker, WorkerContext& context, const std::string& pid,
                 const std::optional<std::uint64_t>& revision);

// Asks this node for the socket of `pid`, taking it from a connection that is half dead if there is one.
// claimed(worker, context, socket) is called on the asking worker, now or later; nothing if there is no such socket.
// What it does not use it has to save again. `asker`: the node that gets it, if that is not this one; it is noted.
using Claimed = std::function<void(workers::Worker&, WorkerContext&, std::optional<BrokenSocket>)>;
void claim_socket_here(workers::Worker& worker, WorkerContext& context, const std::string& pid, Claimed claimed,
                       std::uint32_t asker = 0);

}  // namespace sluice::gateway
