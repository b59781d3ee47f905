#pragma once
// SocketClaims: a Socket.IO client that comes back may have been at any node, and that may be gone. The node that holds
// its socket knows best, and gives it up; if that is gone, the cluster's store has what it knew, which goes to the one
// that writes it over first. One for all workers; immutable once it is open.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "gateway/socket_recovery.hpp"
#include "gateway/socket_store.hpp"
#include "gateway/worker_context.hpp"
#include "workers/peers.hpp"
#include "workers/pool.hpp"

namespace sluice::gateway {

class SocketClaims {
 public:
  // All outlive this.
  SocketClaims(workers::Peers& peers, const SocketStore& store, const Seals& seals, Contexts& contexts)
      : peers_(peers), store_(store), seals_(seals), contexts_(contexts) {}

  // Before anything starts. The pool ends after the peers.
  void open(workers::Pool& pool);

  // Takes the socket, wherever it is; nothing: there is none that can come back. Errc::unavailable: that cannot be
  // known for now, and whoever comes again may have it.
  using OnClaimed =
      std::function<void(workers::Worker&, WorkerContext&, base::Result<std::optional<BrokenSocket>> socket)>;
  void claim(workers::Worker& worker, WorkerContext& context, const std::string& pid, OnClaimed claimed);

  // The socket of `pid` has come from another node, where it was the connection `before`, and lives here at `id`, on
  // `worker`: from now on this node keeps it.
  void take_arrived(workers::Worker& worker, WorkerContext& context, const base::ConnectionId& before,
                    const std::string& pid, const base::ConnectionId& id);

 private:
  struct Wish;
  using SharedWish = std::shared_ptr<Wish>;

  void read_record(const workers::Worker& worker, const SharedWish& wish);
  void take_record(workers::Worker& worker, WorkerContext& context, const SharedWish& wish,
                   const base::Result<SocketRecord>& record);
  void claim_at(workers::Worker& worker, WorkerContext& context, std::uint32_t node, const SharedWish& wish);
  void miss(workers::Worker& worker, WorkerContext& context, const SharedWish& wish, std::uint32_t elsewhere);
  void ask_holder(std::uint32_t holder, const SharedWish& wish);
  void take_answer(workers::Worker& worker, WorkerContext& context, const SharedWish& wish,
                   const base::Result<std::string>& answer);
  void take_from_store(workers::Worker& worker, WorkerContext& context, const SharedWish& wish);
  // There is no such socket: what the store has of it is out of date.
  void discard(const workers::Worker& worker, const Wish& wish) const;
  struct Arrival;
  void take_arrival(workers::Worker& worker, WorkerContext& context, const Arrival& arrival,
                    const base::Result<std::string>& answer) const;
  void take_recorded(workers::Worker& worker, WorkerContext& context, const Arrival& arrival,
                     const base::Result<SocketRecord>& record) const;
  void give_up(const workers::Peers::Question& question, const workers::Peers::OnAnswer& answer);

  workers::Peers& peers_;
  const SocketStore& store_;
  const Seals& seals_;
  Contexts& contexts_;
  workers::Pool* pool_ = nullptr;
};

}  // namespace sluice::gateway
