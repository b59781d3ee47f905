#include "workers/timer_wheel.hpp"

#include <algorithm>
#include <bit>

namespace sluice::workers {
namespace {

constexpr std::uint32_t level_bits = 8, level_mask = 255;

}  // namespace

TimerWheel::TimerWheel(base::TimePoint now) : start_(now) { heads_.fill(none); }

void TimerWheel::arm(std::uint32_t slot, base::TimePoint deadline) {
  if (slot >= links_.size()) links_.resize(slot + 1);
  unlink(slot);
  const auto late = std::chrono::ceil<std::chrono::milliseconds>(deadline - start_);
  const std::int64_t ticks = (late.count() + tick.count() - 1) / tick.count();
  links_[slot].deadline = static_cast<std::uint32_t>(std::max<std::int64_t>(ticks, 0));
  insert(slot);
}

void TimerWheel::disarm(std::uint32_t slot) {
  if (slot < links_.size()) unlink(slot);
}

bool TimerWheel::is_armed(std::uint32_t slot) const { return slot < links_.size() && links_[slot].list != no_list; }

// Puts the slot on the list of the coarsest level that still tells its deadline from now.
void TimerWheel::insert(std::uint32_t slot) {
  Link& link = links_[slot];
  // What has passed fires at the next tick, so that a handler that arms in the past cannot hold the loop.
  if (static_cast<std::int32_t>(link.deadline - now_) <= 0) link.deadline = now_ + 1;
  const std::uint32_t ahead = link.deadline - now_;
  std::uint32_t level = 0;
  while (level + 1 < levels && ahead >> (level_bits * (level + 1)) != 0) ++level;
  const std::uint32_t list = level * slots_per_level + ((link.deadline >> (level_bits * level)) & level_mask);
  link.list = static_cast<std::uint16_t>(list);
  link.previous = none;
  link.next = heads_[list];
  if (link.next != none) links_[link.next].previous = slot;
  heads_[list] = slot;
  occupied_[list / 64] |= std::uint64_t{1} << (list % 64);
}

void TimerWheel::unlink(std::uint32_t slot) {
  Link& link = links_[slot];
  const std::uint16_t list = link.list;
  link.list = no_list;
  if (list == no_list || list == due_list) return;
  if (link.next != none) links_[link.next].previous = link.previous;
  if (link.previous != none) {
    links_[link.previous].next = link.next;
  } else {
    heads_[list] = link.next;
    if (link.next == none) occupied_[list / 64] &= ~(std::uint64_t{1} << (list % 64));
  }
}

// Advances to `now` and moves what is due to due_, which is read from its back.
void TimerWheel::collect(base::TimePoint now) {
  const auto passed = std::chrono::floor<std::chrono::milliseconds>(now - start_);
  const auto target = static_cast<std::uint32_t>(passed.count() / tick.count());
  const auto take = [this](std::uint32_t list, auto&& each) {
    std::uint32_t slot = heads_[list];
    heads_[list] = none;
    occupied_[list / 64] &= ~(std::uint64_t{1} << (list % 64));
    while (slot != none) {
      const std::uint32_t next = links_[slot].next;
      each(slot);
      slot = next;
    }
  };
  while (static_cast<std::int32_t>(target - now_) > 0) {
    ++now_;
    // A coarse list whose time begins now is spread over the finer ones. A deadline of exactly now is due at once.
    for (std::uint32_t level = 1; level < levels && (now_ & ((1u << (level_bits * level)) - 1)) == 0; ++level) {
      take(level * slots_per_level + ((now_ >> (level_bits * level)) & level_mask), [this](std::uint32_t slot) {
        if (links_[slot].deadline != now_) return insert(slot);
        links_[slot].list = due_list;
        due_.push_back(slot);
      });
    }
    take(now_ & level_mask, [this](std::uint32_t slot) {
      links_[slot].list = due_list;
      due_.push_back(slot);
    });
  }
  std::reverse(due_.begin(), due_.end());
}

std::optional<base::TimePoint> TimerWheel::next() const {
  std::optional<std::uint32_t> ahead;
  for (std::uint32_t at = 1; at < slots_per_level && !ahead;) {
    const std::uint32_t list = (now_ + at) & level_mask;
    const std::uint64_t rest = occupied_[list / 64] >> (list % 64);
    if (rest != 0) {
      ahead = at + static_cast<std::uint32_t>(std::countr_zero(rest));
    } else {
      at += 64 - list % 64;
    }
  }
  const bool has_coarse = std::any_of(occupied_.begin() + slots_per_level / 64, occupied_.end(),
                                      [](std::uint64_t word) { return word != 0; });
  if (has_coarse) ahead = std::min(ahead.value_or(slots_per_level), slots_per_level - (now_ & level_mask));
  if (!ahead) return std::nullopt;
  return start_ + tick * static_cast<std::int64_t>(now_ + *ahead);
}

}  // namespace sluice::workers
