#pragma once
// RateLimits: how many messages and bytes a second each of a worker's connections may send. Costs nothing while no
// limit is set. Belongs to one worker.

#include <cstdint>
#include <vector>

#include "base/clock.hpp"
#include "base/token_bucket.hpp"
#include "workers/options.hpp"

namespace sluice::workers {

class RateLimits {
 public:
  explicit RateLimits(const Options& options)
      : messages_(static_cast<double>(options.messages_per_second_max)),
        bytes_(static_cast<double>(options.bytes_per_second_max)),
        action_(options.over_rate) {}

  bool is_on() const { return messages_ > 0 || bytes_ > 0; }

  // What becomes of a message of so many bytes; and when the next may come.
  struct Ruling {
    bool is_over = false;     // it is too much; else it is taken
    base::Duration delay{0};  // how long nothing more is read
  };
  Ruling take(std::uint32_t slot, std::uint32_t generation, base::TimePoint now, std::size_t bytes) {
    if (slot >= meters_.size()) meters_.resize(slot + 1);
    Meter& meter = meters_[slot];
    if (meter.generation != generation) meter = {generation, {}, {}};
    const bool has_messages = messages_ == 0 || meter.messages.has_some(now, messages_);
    const bool has_bytes = bytes_ == 0 || meter.bytes.has_some(now, bytes_);
    if (action_ != OverRate::delay && !(has_messages && has_bytes)) return {true, {}};
    if (messages_ > 0) meter.messages.take(1);
    if (bytes_ > 0) meter.bytes.take(static_cast<double>(bytes));
    if (action_ != OverRate::delay) return {};
    return {false, std::max(messages_ > 0 ? meter.messages.owed(messages_) : base::Duration::zero(),
                            bytes_ > 0 ? meter.bytes.owed(bytes_) : base::Duration::zero())};
  }
  // How long such a connection is still to be read no further.
  base::Duration owed(std::uint32_t slot, std::uint32_t generation, base::TimePoint now) {
    if (slot >= meters_.size() || meters_[slot].generation != generation) return {};
    Meter& meter = meters_[slot];
    base::Duration longest{};
    if (messages_ > 0 && !meter.messages.has_some(now, messages_)) longest = meter.messages.owed(messages_);
    if (bytes_ > 0 && !meter.bytes.has_some(now, bytes_)) longest = std::max(longest, meter.bytes.owed(bytes_));
    return longest;
  }
  OverRate action() const { return action_; }

 private:
  struct Meter {
    std::uint32_t generation = 0;
    base::TokenBucket messages, bytes;
  };
  const double messages_, bytes_;  // a second; 0: any number
  const OverRate action_;
  std::vector<Meter> meters_;  // by slot
};

}  // namespace sluice::workers
