#pragma once
// DrainPlan: when each of a worker's connections is closed while it drains or sheds load: spread evenly, each at a
// random moment of its share of the time, so that clients do not all come back at once.

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <random>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "workers/ending.hpp"

namespace sluice::workers {

// Who goes first. Idle: whose last message, either way, is longest ago.
enum class DrainOrder : std::uint8_t { chance, newest, oldest, idle };
inline constexpr std::array<std::string_view, 4> drain_order_names{"chance", "newest", "oldest", "idle"};

// How connections are to be ended.
struct DrainWish {
  std::chrono::milliseconds over{0};
  // When whoever is still there is cut off, however its goodbye stands; not before `over`.
  std::optional<std::chrono::milliseconds> deadline = {};
  DrainOrder order = DrainOrder::chance;
  Ending ending;
  // Each client is told to come back after a random time, at most this; 0: nothing is said of that.
  std::chrono::milliseconds return_within{0};
};

class DrainPlan {
 public:
  struct Item {
    std::uint32_t slot, generation;
    std::int64_t rank = 0;  // the least goes first; those of one rank in an order of chance
  };

  // Takes the connections that are to end, in an order of chance if they have the same rank.
  template <class Random>
  DrainPlan(std::vector<Item> items, base::TimePoint now, DrainWish wish, Random& random)
      : items_(std::move(items)), began_(now), wish_(std::move(wish)) {
    std::shuffle(items_.begin(), items_.end(), random);
    std::ranges::stable_sort(items_, {}, &Item::rank);
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
  bool is_over(base::TimePoint now) const { return now >= began_ + wish_.over; }
  // True once it is over, the first time that it is asked.
  bool take_end(base::TimePoint now) { return is_over(now) && !std::exchange(has_ended_, true); }
  // Whatever is still there is to be cut off.
  bool is_overdue(base::TimePoint now) const { return wish_.deadline && now >= began_ + *wish_.deadline; }
  // Nothing of it is left to be done.
  bool is_done(base::TimePoint now) const { return is_over(now) && (!wish_.deadline || is_overdue(now)); }
  // When one of these changes next.
  base::TimePoint wakes_at(base::TimePoint now) const {
    if (next_ < items_.size()) return moment(next_);
    return is_over(now) && wish_.deadline ? began_ + *wish_.deadline : began_ + wish_.over;
  }
  // What the next one is told.
  template <class Random>
  Ending ending(Random& random) const {
    Ending ending = wish_.ending;
    if (wish_.return_within.count() > 0) {
      std::uniform_int_distribution<std::chrono::milliseconds::rep> after(1, wish_.return_within.count());
      ending.returns_after = std::chrono::milliseconds(after(random));
    }
    return ending;
  }

 private:
  base::TimePoint moment(std::size_t at) const {
    const double share =
        (static_cast<double>(at) + static_cast<double>(jitters_[at])) / static_cast<double>(items_.size());
    return began_ + std::chrono::duration_cast<base::Duration>(wish_.over * share);
  }

  std::vector<Item> items_;
  std::vector<float> jitters_;
  std::size_t next_ = 0;
  bool has_ended_ = false;
  base::TimePoint began_;
  DrainWish wish_;
};

}  // namespace sluice::workers
