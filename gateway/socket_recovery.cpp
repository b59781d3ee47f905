#include "gateway/socket_recovery.hpp"

#include <utility>

#include "gateway/socket_io_socket.hpp"

namespace sluice::gateway {
namespace {

using base::ConnectionId;
using workers::Connection;
using workers::Worker;

std::optional<ConnectionId> home_of(const Worker& worker, const WorkerContext& context, const std::string& pid) {
  auto home = context.seals.open(Seals::Purpose::recovery, pid);
  return home && home->incarnation == worker.incarnation() ? home : std::nullopt;
}

// Runs `job` with the context of another worker, on its thread; at once if that is this one.
template <class Job>
void run_at(Worker& here, WorkerContext& context, base::WorkerId worker, Job job) {
  if (here.id() == worker) return job(here, context);
  here.post(worker, [&contexts = context.contexts, job = std::move(job)](Worker& there) mutable {
    job(there, contexts.context_of(there));
  });
}

// Takes the socket from the connection of `id`, if it lives there.
std::optional<BrokenSocket> take_over(Worker& worker, const ConnectionId& id, const std::string& pid) {
  Connection* const rider = worker.find_open(id.slot, id.generation);
  auto* const socket = rider != nullptr ? dynamic_cast<SocketIoSocket*>(&rider->wire()) : nullptr;
  if (socket == nullptr || socket->pid() != pid) return std::nullopt;
  BrokenSocket broken = socket->broken(worker, *rider);
  worker.abandon(*rider, workers::EndReason::client_vanished);
  return broken;
}

// One client's wish on its way.
struct Claim {
  std::string pid;
  base::WorkerId from;
  Claimed claimed;

  void answer(Worker& here, WorkerContext& context, std::optional<BrokenSocket> socket) {
    run_at(here, context, from,
           [claimed = std::move(claimed), socket = std::move(socket)](Worker& there, WorkerContext& its) mutable {
             claimed(there, its, std::move(socket));
           });
  }
};

void claim_at_home(Worker& worker, WorkerContext& context, ConnectionId home, Claim claim, bool has_asked);

// The socket was last known to live at `id`, on this worker.
void claim_alive(Worker& worker, WorkerContext& context, const ConnectionId& id, ConnectionId home, Claim claim) {
  if (auto socket = take_over(worker, id, claim.pid)) return claim.answer(worker, context, std::move(socket));
  // It broke meanwhile, and its home has been told so before it is asked again.
  run_at(worker, context, home.worker(), [home, claim = std::move(claim)](Worker& there, WorkerContext& its) mutable {
    claim_at_home(there, its, home, std::move(claim), true);
  });
}

void claim_at_home(Worker& worker, WorkerContext& context, ConnectionId home, Claim claim, bool has_asked) {
  if (auto socket = context.recovery.take(claim.pid)) return claim.answer(worker, context, std::move(socket));
  const auto alive = context.recovery.find_alive(claim.pid);
  if (!alive) return claim.answer(worker, context, take_over(worker, home, claim.pid));
  if (has_asked) return claim.answer(worker, context, std::nullopt);
  run_at(worker, context, alive->worker(),
         [id = *alive, home, claim = std::move(claim)](Worker& there, WorkerContext& its) mutable {
           claim_alive(there, its, id, home, std::move(claim));
         });
}

}  // namespace

void save_socket(Worker& worker, WorkerContext& context, const std::string& pid, BrokenSocket socket) {
  const auto home = home_of(worker, context, pid);
  if (!home) return;
  run_at(worker, context, home->worker(), [pid, socket = std::move(socket)](Worker& there, WorkerContext& its) mutable {
    its.recovery.save(pid, std::move(socket), there.now());
  });
}

void note_socket_alive(Worker& worker, WorkerContext& context, const std::string& pid, const ConnectionId& id) {
  const auto home = home_of(worker, context, pid);
  if (!home) return;
  run_at(worker, context, home->worker(), [pid, id](Worker&, WorkerContext& its) { its.recovery.note_alive(pid, id); });
}

void forget_socket(Worker& worker, WorkerContext& context, const std::string& pid, const ConnectionId& id) {
  const auto home = home_of(worker, context, pid);
  if (!home) return;
  run_at(worker, context, home->worker(), [pid, id](Worker&, WorkerContext& its) { its.recovery.forget(pid, id); });
}

void claim_socket(Worker& worker, WorkerContext& context, const std::string& pid, Claimed claimed) {
  const auto home = home_of(worker, context, pid);
  if (!home) return claimed(worker, context, std::nullopt);
  Claim claim{pid, worker.id(), std::move(claimed)};
  run_at(worker, context, home->worker(),
         [home = *home, claim = std::move(claim)](Worker& there, WorkerContext& its) mutable {
           claim_at_home(there, its, home, std::move(claim), false);
         });
}

}  // namespace sluice::gateway
