#pragma once
// SharedAccess: who is kept out of all nodes: the broker keeps it, so that each node knows, also one that starts later
// or was cut off for a while. Of two changes of the same the one that the broker took later counts. On the executor.

#include <chrono>
#include <functional>
#include <future>
#include <map>
#include <string>

#include "control/executor.hpp"
#include "control/failure.hpp"
#include "identity/revocations.hpp"
#include "sluice/cluster/v1/calls.pb.h"
#include "workers/shared_values.hpp"

namespace sluice::control {

class SharedAccess {
 public:
  using Entry = cluster::v1::AccessEntry;
  using Change = cluster::v1::AccessChange;

  struct Parts {
    workers::SharedValues* values;  // null: the node is alone, and nothing else here may be called
    Executor& executor;
    identity::Revocations& revocations;
    // Somebody is kept out from now on who was not when we last knew.
    std::function<void(const Entry& entry)> on_news;
    // Whether this node sees to it that the broker forgets what is over. One of all does.
    std::function<bool()> is_sweeper;
  };
  explicit SharedAccess(const Parts& parts);

  bool is_shared() const { return parts_.values != nullptr; }
  // Told once what the broker keeps is known here. To be asked for once, on any thread.
  std::future<void> learned() { return learned_.get_future(); }

  // Has the broker keep it, or keep it no more: gives the change, which take() has not had yet.
  void put(Entry entry, const Answer<Change>& answer);
  void remove(const Entry& entry, const Answer<Change>& answer);

  // Takes a change, of whichever node. Not current: a later one is known, or its time is over. Errc::too_many: as
  // Revocations.
  struct Taken {
    bool is_current = false;
    bool was_blocked = false;  // the user, until now
  };
  base::Result<Taken> take(const Change& change);

 private:
  struct Known {
    std::uint64_t revision = 0;
    Entry entry;
    bool is_removed = false;
    std::chrono::system_clock::time_point until = {};  // when it is over; of what was removed: since when it is
  };

  void learn();
  void take_all(const std::vector<workers::SharedValue>& values, const std::map<std::string, std::uint64_t>& before);
  void learn_again();
  void sweep();

  const Parts parts_;
  std::map<std::string, Known> known_;
  std::promise<void> learned_;
  bool has_learned_ = false, is_learning_ = false, is_outdated_ = false;
  Executor::Timer timer_, sweep_timer_;
};

// Keeps out whom `entry` says, on this node.
base::Status keep_out(identity::Revocations& revocations, const SharedAccess::Entry& entry);

}  // namespace sluice::control
