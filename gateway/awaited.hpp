#pragma once
// Awaited: what is to be called once an answer has come, by number, each for the same time. Belongs to one worker.

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <deque>
#include <optional>
#include <utility>

#include "base/clock.hpp"

namespace sluice::gateway {

template <class Then>
class Awaited {
 public:
  explicit Awaited(base::Duration patience) : patience_(patience) {}

  // A number that no other has.
  std::uint64_t new_number() { return ++last_number_; }
  void add(std::uint64_t number, Then then, base::TimePoint now) {
    waiting_.emplace(number, std::move(then));
    due_.push_back({now + patience_, number});
  }
  // Nothing if its time is over, or it was taken.
  std::optional<Then> take(std::uint64_t number) {
    const auto found = waiting_.find(number);
    if (found == waiting_.end()) return std::nullopt;
    std::optional<Then> then = std::move(found->second);
    waiting_.erase(found);
    return then;
  }
  // The first of those whose time is over.
  std::optional<Then> take_late(base::TimePoint now) {
    while (!due_.empty()) {
      const Due due = due_.front();
      if (due.at > now && waiting_.contains(due.number)) return std::nullopt;
      due_.pop_front();
      if (auto then = take(due.number)) return then;
    }
    return std::nullopt;
  }

 private:
  struct Due {
    base::TimePoint at;
    std::uint64_t number;
  };
  const base::Duration patience_;
  std::uint64_t last_number_ = 0;
  boost::unordered_flat_map<std::uint64_t, Then> waiting_;
  std::deque<Due> due_;  // in the order in which they were added
};

}  // namespace sluice::gateway
