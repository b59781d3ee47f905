#pragma once
// SocketStore: what the cluster's store has of Socket.IO sockets that can come back, whatever becomes of their nodes:
// each under a hash of its pid, locked with the nodes' secret. Answers come on the thread of the worker that asks. One
// for all workers; immutable once it is open. Any thread.

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "base/ids.hpp"
#include "base/result.hpp"
#include "gateway/contexts.hpp"
#include "gateway/recovery.hpp"
#include "gateway/sealed_id.hpp"
#include "workers/pool.hpp"
#include "workers/session_store.hpp"

namespace sluice::gateway {

// So often each record is written again, as the store forgets what is not.
inline constexpr std::chrono::minutes records_written_again_every{10};

struct SocketRecord {
  BrokenSocket socket;
  std::uint32_t holder = 0;  // the node on which it lives, or lived last
  std::uint64_t revision = 0;
};

class SocketStore {
 public:
  // All outlive this.
  SocketStore(workers::SessionStore& store, const Seals& seals, Contexts& contexts)
      : store_(store), seals_(seals), contexts_(contexts) {}
  // Before anything starts.
  void open(workers::Pool& pool) { pool_ = &pool; }

  // Errors are those of workers::SessionStore; a record that cannot be read is Errc::bad_request.
  using OnRecord = std::function<void(workers::Worker&, WorkerContext&, const base::Result<SocketRecord>&)>;
  using OnRevision = std::function<void(workers::Worker&, WorkerContext&, const base::Result<std::uint64_t>&)>;

  bool is_there() const { return store_.is_there(); }
  void read(base::WorkerId worker, const std::string& pid, OnRecord then) const;
  // As one that lives here.
  void write(base::WorkerId worker, const std::string& pid, const BrokenSocket& socket, std::uint64_t revision,
             OnRevision then) const;
  void remove(base::WorkerId worker, const std::string& pid, std::uint64_t revision, OnRevision then) const;

 private:
  workers::SessionStore::OnRevision revision_to(base::WorkerId worker, OnRevision then) const;
  base::Result<SocketRecord> read_entry(const std::string& key,
                                        const base::Result<workers::SessionStore::Entry>& entry) const;

  workers::SessionStore& store_;
  const Seals& seals_;
  Contexts& contexts_;
  workers::Pool* pool_ = nullptr;
};

}  // namespace sluice::gateway
