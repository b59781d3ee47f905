#include "control/node_changes.hpp"

namespace sluice::control {

void NodeChanges::add(Watcher& watcher) {
  if (is_closed_) return watcher.on_close();
  watchers_.insert(&watcher);
}

template <class Tell>
void NodeChanges::for_each(Tell&& tell) {
  const std::set<Watcher*> all = watchers_;
  for (Watcher* const watcher : all) {
    if (watchers_.contains(watcher)) tell(*watcher);
  }
}

void NodeChanges::tell(const workers::PeerChange& change) {
  for_each([&change](Watcher& watcher) { watcher.on_change(change); });
}

void NodeChanges::close() {
  is_closed_ = true;
  for_each([](Watcher& watcher) { watcher.on_close(); });
}

}  // namespace sluice::control
