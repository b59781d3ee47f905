#pragma once
// SocketRecords: keeps the cluster's store up to date about the Socket.IO sockets of one worker: within a second after
// one has come or its rooms have changed, however often; at once when it breaks. Each socket has one keeper, a worker
// that its pid names, through which all that is written of it goes, one after the other. What another node has claimed
// meanwhile is left alone: a record is only written over by whoever knows its revision. Belongs to one worker.

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/recovery.hpp"
#include "gateway/sealed_id.hpp"
#include "gateway/socket_store.hpp"
#include "workers/worker.hpp"

namespace sluice::gateway {

class SocketRecords {
 public:
  // All outlive this.
  SocketRecords(const SocketStore& store, Contexts& contexts) : store_(store), contexts_(contexts) {}

  bool are_kept() const { return store_.is_there(); }
  // That are still to be written.
  std::size_t waiting() const { return changed_.size(); }

  // --- of the sockets that live here ---

  // It has come, or its rooms have changed.
  void note_changed(workers::Worker& worker, workers::Connection& rider);
  // Writes those that have changed, as far as they may be under way at a time; the others follow.
  void write_changed(workers::Worker& worker);
  // Once a second.
  void on_second(workers::Worker& worker);

  // --- of the sockets whose keeper this worker is ---

  // Tells on this worker whether it was written, or is another node's by now; false: it has to be tried again.
  using Written = std::function<void(workers::Worker&, bool is_settled)>;
  void write(workers::Worker& worker, const std::string& pid, const BrokenSocket& socket, Written then);
  // It has broken, and is written until that succeeds, or it is remembered no more.
  void write_broken(workers::Worker& worker, const std::string& pid, const BrokenSocket& socket);
  // It is over: its client does not come back.
  void end(workers::Worker& worker, const std::string& pid);
  // Another node has it from now on: gives the revision of its record, once nothing is under way; 0: there is none.
  void hand_over(const std::string& pid, std::function<void(std::uint64_t revision)> then);
  // This node has it from now on, with a record of that revision.
  void adopt(const std::string& pid, std::uint64_t revision);
  // Likewise, but the revision is not known yet: nothing is written until end_wait(). Nothing: another node has it.
  void await(const std::string& pid);
  void end_wait(workers::Worker& worker, const std::string& pid, const std::optional<std::uint64_t>& revision);

 private:
  // While something is under way.
  struct Busy {
    std::function<void(std::uint64_t)> handed_over;
    bool is_ending = false;  // it is to be removed, or is being removed
  };
  struct Record {
    std::uint64_t revision = 0;  // 0: nothing was written yet
    std::unique_ptr<Busy> busy;
  };
  struct Slot {
    std::uint32_t slot, generation;
  };
  // A pid's random part stands for it: no two have the same.
  struct Hash {
    std::size_t operator()(const Seals::Nonce& nonce) const;
  };
  using Records = boost::unordered_flat_map<Seals::Nonce, Record, Hash>;

  void write_one(workers::Worker& worker, const Slot& one);
  void take_done(workers::Worker& worker, const Slot& one, bool is_settled);
  void refresh_some(workers::Worker& worker);
  void take_written(workers::Worker& worker, const std::string& pid, const base::Result<std::uint64_t>& revision,
                    const Written& then);
  // Somebody has written it meanwhile, and that may have been us.
  void look_whose(const workers::Worker& worker, const std::string& pid, Written then);
  void begin_removal(const workers::Worker& worker, const std::string& pid, Record& record);
  void take_removed(const workers::Worker& worker, const std::string& pid, const base::Result<std::uint64_t>& revision);
  // Nothing is under way any more.
  void settle(const workers::Worker& worker, const std::string& pid, Record& record);
  Record* find(const std::string& pid);
  void forget(const std::string& pid);

  const SocketStore& store_;
  Contexts& contexts_;
  std::deque<Slot> changed_;
  std::size_t under_way_ = 0;    // of those that live here
  bool is_stalled_ = false;      // the store takes nothing for now
  std::uint32_t refreshed_ = 0;  // the slot up to which sockets were written again
  Records records_;
  std::vector<std::string> unwritten_, unremoved_;  // pids of broken ones, and of those that are over
};

}  // namespace sluice::gateway
