#include "gateway/socket_recovery.hpp"

#include <utility>

#include "gateway/rfc6455.hpp"
#include "gateway/run_at.hpp"
#include "gateway/socket_io_socket.hpp"

namespace sluice::gateway {
namespace {

using base::ConnectionId;
using workers::Connection;
using workers::Worker;

// Where the socket was first opened; another node's, or nothing that is known, is not here.
std::optional<ConnectionId> home_of(const Worker& worker, const WorkerContext& context, const std::string& pid) {
  auto home = context.seals.open(Seals::Purpose::recovery, pid);
  return home && home->incarnation == worker.incarnation() ? home : std::nullopt;
}

// Takes the socket from the connection of `id`, if it lives there.
std::optional<BrokenSocket> take_over(Worker& worker, const ConnectionId& id, const std::string& pid) {
  Connection* const rider = worker.find_open(id.slot, id.generation);
  auto* const socket = rider != nullptr ? dynamic_cast<SocketIoSocket*>(&rider->wire()) : nullptr;
  if (socket == nullptr || socket->pid() != pid) return std::nullopt;
  BrokenSocket broken = socket->broken(worker, *rider);
  socket->outlive();
  Connection& carrier = worker.carrier_of(*rider);
  worker.abandon(*rider, workers::EndReason::client_vanished);
  // As a rule its client has left it. But the claim may be an earlier one, that was on its way for long, and then the
  // client would go on here without hearing any more.
  worker.end(carrier, {workers::EndReason::client_vanished, rfc6455::close_code::going_away,
                       "the client has come back by another connection"});
  return broken;
}

// One client's wish on its way.
struct Claim {
  std::string pid;
  base::WorkerId from;
  std::uint32_t asker;
  Claimed claimed;

  void answer(Worker& here, WorkerContext& context, std::optional<BrokenSocket> socket) {
    run_at(here, context, from,
           [claimed = std::move(claimed), socket = std::move(socket)](Worker& there, WorkerContext& its) mutable {
             claimed(there, its, std::move(socket));
           });
  }
};

// By way of its keeper, which knows whose it is before anybody asks there again.
void give(Worker& here, WorkerContext& context, Claim claim, BrokenSocket socket) {
  if (claim.asker == 0) return claim.answer(here, context, std::move(socket));
  const base::WorkerId keeper = keeper_of(here, context, claim.pid);
  run_at(here, context, keeper,
         [claim = std::move(claim), socket = std::move(socket)](Worker& there, WorkerContext& its) mutable {
           its.recovery.note_given(claim.pid, claim.asker, there.now());
           claim.answer(there, its, std::move(socket));
         });
}

void claim_of_keeper(Worker& worker, WorkerContext& context, Claim claim, bool has_asked);

// The socket was last known to live at `id`, on this worker.
void claim_alive(Worker& worker, WorkerContext& context, const ConnectionId& id, Claim claim) {
  if (auto socket = take_over(worker, id, claim.pid))
    return give(worker, context, std::move(claim), *std::move(socket));
  // It broke meanwhile, and its keeper has been told so before it is asked again.
  const base::WorkerId keeper = keeper_of(worker, context, claim.pid);
  run_at(worker, context, keeper, [claim = std::move(claim)](Worker& there, WorkerContext& its) mutable {
    claim_of_keeper(there, its, std::move(claim), true);
  });
}

void claim_of_keeper(Worker& worker, WorkerContext& context, Claim claim, bool has_asked) {
  auto socket = context.recovery.take(claim.pid);
  const auto alive = context.recovery.find_alive(claim.pid);
  if (!socket && !alive) {
    if (const auto home = home_of(worker, context, claim.pid)) socket = take_over(worker, *home, claim.pid);
    if (!socket) return claim.answer(worker, context, std::nullopt);
  }
  if (socket) return give(worker, context, std::move(claim), *std::move(socket));
  if (has_asked) return claim.answer(worker, context, std::nullopt);
  run_at(worker, context, alive->worker(),
         [id = *alive, claim = std::move(claim)](Worker& there, WorkerContext& its) mutable {
           claim_alive(there, its, id, std::move(claim));
         });
}

}  // namespace

base::WorkerId keeper_of(const Worker& worker, const WorkerContext& context, const std::string& pid) {
  if (const auto home = home_of(worker, context, pid)) return home->worker();
  // Random bits: one as good as the other.
  return {static_cast<std::uint16_t>(Seals::nonce_of(pid)[0] % worker.worker_count())};
}

namespace {

// On the socket's keeper.
void remember(Worker& keeper, WorkerContext& context, const std::string& pid, BrokenSocket socket, bool is_written) {
  socket.revision.reset();
  if (!is_written) context.socket_records.write_broken(keeper, pid, socket);
  context.recovery.save(pid, std::move(socket), keeper.now(),
                        [&](const std::string& forgotten) { context.socket_records.end(keeper, forgotten); });
}

}  // namespace

void save_socket(Worker& worker, WorkerContext& context, const std::string& pid, BrokenSocket socket, bool is_written) {
  run_at(worker, context, keeper_of(worker, context, pid),
         [pid, is_written, socket = std::move(socket)](Worker& there, WorkerContext& its) mutable {
           if (socket.revision) its.socket_records.adopt(pid, *socket.revision);
           remember(there, its, pid, std::move(socket), is_written);
         });
}

void keep_copy(Worker& worker, WorkerContext& context, const std::string& pid, BrokenSocket socket) {
  run_at(worker, context, keeper_of(worker, context, pid),
         [pid, socket = std::move(socket)](Worker& there, WorkerContext& its) mutable {
           if (its.recovery.find(pid) != nullptr || its.recovery.find_alive(pid)) return;
           remember(there, its, pid, std::move(socket), false);
         });
}

void note_socket_alive(Worker& worker, WorkerContext& context, const std::string& pid, const ConnectionId& id,
                       const std::optional<std::uint64_t>& revision) {
  run_at(worker, context, keeper_of(worker, context, pid), [pid, id, revision](Worker&, WorkerContext& its) {
    if (revision) its.socket_records.adopt(pid, *revision);
    its.recovery.note_alive(pid, id);
  });
}

void note_socket_arrived(Worker& worker, WorkerContext& context, const std::string& pid, const ConnectionId& id) {
  run_at(worker, context, keeper_of(worker, context, pid), [pid, id](Worker&, WorkerContext& its) {
    if (its.socket_records.are_kept()) its.socket_records.await(pid);
    its.recovery.note_alive(pid, id);
  });
}

void adopt_record(Worker& worker, WorkerContext& context, const std::string& pid,
                  const std::optional<std::uint64_t>& revision) {
  run_at(worker, context, keeper_of(worker, context, pid), [pid, revision](Worker& there, WorkerContext& its) {
    its.socket_records.end_wait(there, pid, revision);
    // It may have broken already.
    const BrokenSocket* const socket = its.recovery.find(pid);
    if (revision && socket != nullptr) its.socket_records.write_broken(there, pid, *socket);
  });
}

void forget_socket(Worker& worker, WorkerContext& context, const std::string& pid, const ConnectionId& id,
                   bool is_over) {
  run_at(worker, context, keeper_of(worker, context, pid), [pid, id, is_over](Worker& there, WorkerContext& its) {
    its.recovery.forget(pid, id);
    if (is_over) its.socket_records.end(there, pid);
  });
}

void drop_socket(Worker& worker, WorkerContext& context, const std::string& pid,
                 const std::optional<std::uint64_t>& revision) {
  run_at(worker, context, keeper_of(worker, context, pid), [pid, revision](Worker& there, WorkerContext& its) {
    if (revision) its.socket_records.adopt(pid, *revision);
    its.socket_records.end(there, pid);
  });
}

void claim_socket_here(Worker& worker, WorkerContext& context, const std::string& pid, Claimed claimed,
                       std::uint32_t asker) {
  Claim claim{pid, worker.id(), asker, std::move(claimed)};
  run_at(worker, context, keeper_of(worker, context, pid),
         [claim = std::move(claim)](Worker& there, WorkerContext& its) mutable {
           claim_of_keeper(there, its, std::move(claim), false);
         });
}

}  // namespace sluice::gateway
