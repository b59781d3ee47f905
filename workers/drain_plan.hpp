#pragma once
// DrainPlan: when each of a worker's connections is closed while it drains: spread evenly, each at a random moment of
// its share of the time, so that clients do not all come back at once.

#include <cstdint>
#include <random>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "workers/ending.hpp"

namespace sluice::workers {

class DrainPlan {
 public:
  struct Item {
    std::uint32_t slot, generation;
  };

  // Takes the connections there are. `over` may be 0.
  template <class Random>
  DrainPlan(std::vector<Item> items, base::TimePoint now, base::Duration over, Ending ending, Random& random)
      : items_(std::move(items)), began_(now), over_(over), ending_(std::move(ending)) {
    std::shuffle(items_.begin(), items_.end(), random);
    jitters_.reserve(items_.size());
    std::uniform_real_distribution<float> jitter(0, 1);
    for (std::size_t at = 0; at < items_.size(); ++at) jitters_.push_back(jitter(random));
  }

  // Gives the connections whose moment has come, in turn; nothing when none is due yet.
  const Item* next_due(base::TimePoint now) {
    if (next_ == items_.size() || now < moment(next_)) return nullptr;
    return &items_[next_++];
  }
  // Over: whatever is still there, connections that came meanwhile included, is to go at once.
  bool is_over(base::TimePoint now) const { return now >= began_ + over_; }
  // When next_due() or is_over() changes next.
  base::TimePoint wakes_at() const { return next_ < items_.size() ? moment(next_) : began_ + over_; }
  const Ending& ending() const { return ending_; }

 private:
  base::TimePoint moment(std::size_t at) const {
    const double share =
        (static_cast<double>(at) + static_cast<double>(jitters_[at])) / static_cast<double>(items_.size());
    return began_ + std::chrono::duration_cast<base::Duration>(over_ * share);
  }

  std::vector<Item> items_;
  std::vector<float> jitters_;
  std::size_t next_ = 0;
  base::TimePoint began_;
  base::Duration over_;
  Ending ending_;
};

}  // namespace sluice::workers
