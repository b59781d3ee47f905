#pragma once
// TimerWheel: every heartbeat, timeout and lease of one worker, at four bytes a link and no allocation per timer.
// Belongs to one worker. A timer is named by its slot (the connection's), and each slot has at most one deadline:
// whoever owns several takes the earliest and asks again when it fires.

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/clock.hpp"

namespace sluice::workers {

class TimerWheel {
 public:
  // Ticks are 4 ms: Engine.IO's shortest heartbeats (300 ms) are to be kept to within 20 ms.
  static constexpr std::chrono::milliseconds tick{4};

  explicit TimerWheel(base::TimePoint now);

  // Sets, or moves, the deadline of `slot`. Fires never before `deadline` and at most one tick late (plus however late
  // expire() is called); what is further away than 198 days fires after that time. O(1).
  void arm(std::uint32_t slot, base::TimePoint deadline);
  // Forgets the deadline of `slot`, if it has one. O(1).
  void disarm(std::uint32_t slot);
  bool is_armed(std::uint32_t slot) const;

  // Moves to `now` and calls fired(slot) for each deadline that has passed, earliest tick first. The slot is disarmed
  // before the call, which may arm or disarm any slot.
  template <class Fired>
  void expire(base::TimePoint now, Fired&& fired) {
    collect(now);
    while (!due_.empty()) {
      const std::uint32_t slot = due_.back();
      due_.pop_back();
      if (links_[slot].list != due_list) continue;  // disarmed or armed anew by an earlier call
      links_[slot].list = no_list;
      fired(slot);
    }
  }

  // When expire() has something to do next, at the latest; nothing if no timer is armed. May be early (a far deadline
  // is looked at again on its way), never late. Cost: a few words of a bitmap.
  std::optional<base::TimePoint> next() const;

 private:
  static constexpr std::uint32_t levels = 4, slots_per_level = 256, none = 0xffffffff;
  static constexpr std::uint16_t no_list = 0xffff, due_list = 0xfffe;
  struct Link {
    std::uint32_t previous = none, next = none;
    std::uint32_t deadline = 0;  // in ticks since start_, the low 32 bits: at most 2^32 - 1 ahead of now_
    std::uint16_t list = no_list;
  };

  bool has_any(std::size_t from_list) const;
  void collect(base::TimePoint now);
  void insert(std::uint32_t slot);
  void unlink(std::uint32_t slot);

  base::TimePoint start_;
  std::int64_t now_ = 0;     // in ticks since start_
  std::vector<Link> links_;  // by slot
  std::array<std::uint32_t, levels * slots_per_level> heads_;
  std::array<std::uint64_t, levels * slots_per_level / 64> occupied_{};
  std::vector<std::uint32_t> due_;
};

}  // namespace sluice::workers
