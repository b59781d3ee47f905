#pragma once
// NodeChanges: hands on to whoever watches the nodes of the cluster that one of them comes or goes. On the executor.

#include <set>

#include "workers/peers.hpp"

namespace sluice::control {

class NodeChanges {
 public:
  class Watcher {
   public:
    virtual void on_change(const workers::PeerChange& change) = 0;
    // This node is ending.
    virtual void on_close() = 0;

   protected:
    ~Watcher() = default;
  };

  // A watcher may be taken out inside its own call. One that comes after close() is told so at once.
  void add(Watcher& watcher);
  void remove(Watcher& watcher) { watchers_.erase(&watcher); }

  void tell(const workers::PeerChange& change);
  void close();

 private:
  template <class Tell>
  void for_each(Tell&& tell);

  std::set<Watcher*> watchers_;
  bool is_closed_ = false;
};

}  // namespace sluice::control
