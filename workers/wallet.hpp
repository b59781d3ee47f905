#pragma once
// Wallet: the credentials of those of a worker's connections that have any, and who is the next whose are good no more.
// Belongs to one worker.

#include <boost/unordered/unordered_flat_map.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <queue>
#include <utility>
#include <vector>

#include "workers/credentials.hpp"

namespace sluice::workers {

class Wallet {
 public:
  using Time = std::chrono::system_clock::time_point;

  // Of the connection in that slot, in place of those that it has.
  void put(std::uint32_t slot, std::shared_ptr<const Credentials> credentials) {
    if (credentials->good_until) due_.emplace(*credentials->good_until, slot);
    kept_[slot] = std::move(credentials);
    // What was replaced or forgotten waits there for its time, which may be far.
    if (due_.size() > 2 * kept_.size() + spare) sweep();
  }
  const Credentials* find(std::uint32_t slot) const {
    const auto found = kept_.find(slot);
    return found == kept_.end() ? nullptr : found->second.get();
  }
  void forget(std::uint32_t slot) { kept_.erase(slot); }

  // Calls visit(slot) for each whose credentials are good no more; each of them once, unless it gets others.
  template <class Visit>
  void expire(Time now, Visit&& visit) {
    while (!due_.empty() && due_.top().first <= now) {
      const std::uint32_t slot = due_.top().second;
      due_.pop();
      const Credentials* const own = find(slot);
      // They may have been replaced, or the slot given to somebody else.
      if (own != nullptr && own->good_until && *own->good_until <= now) visit(slot);
    }
  }
  template <class Visit>
  void for_each(const Revoked& revoked, Visit&& visit) const {
    for (const auto& [slot, credentials] : kept_) {
      if (revoked.holds(*credentials)) visit(slot);
    }
  }

 private:
  static constexpr std::size_t spare = 64;
  void sweep() {
    due_ = {};
    for (const auto& [slot, credentials] : kept_) {
      if (credentials->good_until) due_.emplace(*credentials->good_until, slot);
    }
  }

  using Due = std::pair<Time, std::uint32_t>;
  boost::unordered_flat_map<std::uint32_t, std::shared_ptr<const Credentials>> kept_;
  std::priority_queue<Due, std::vector<Due>, std::greater<>> due_;
};

}  // namespace sluice::workers
