#include "workers/timer_wheel.hpp"

#include <algorithm>
#include <bit>

namespace sluice::workers {
namespace {

constexpr std::uint32_t level_bits = 8, level_mask = 255;
constexpr std::int64_t ticks_ahead_max = 0xffffffff;

// Deadlines are within 2^32 ticks of now, so the low bits tell them apart however long the process runs.
std::uint32_t low_bits(std::int64_t ticks) { return static_cast<std::uint32_t>(ticks); }

}  // namespace

TimerWheel::TimerWheel(base::TimePoint now) : start_(now) { heads_.fill(none); }

void TimerWheel::arm(std::uint32_t slot, base::TimePoint deadline) {
  if (slot >= links_.size()) links_.resize(slot + 1);
  unlink(slot);
  const auto late = std::chrono::ceil<std::chrono::milliseconds>(deadline - start_);
  const std::int64_t ticks = (late.count() + tick.count() - 1) / tick.count();
  // What has passed fires at the next tick, so that a handler that arms in the past cannot hold the loop.
  links_[slot].deadline = low_bits(std::clamp(ticks, now_ + 1, now_ + ticks_ahead_max));
  insert(slot);
}

void TimerWheel::disarm(std::uint32_t slot) {
  if (slot < links_.size()) unlink(slot);
}

bool TimerWheel::is_armed(std::uint32_t slot) const { return slot < links_.size() && links_[slot].list != no_list; }

// Puts the slot on the list of the coarsest level that still tells its deadline from now.
void TimerWheel::insert(std::uint32_t slot) {
  Link& link = links_[slot];
  const std::uint32_t ahead = link.deadline - low_bits(now_);
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
  const std::int64_t target = passed.count() / tick.count();
  if (target > now_ && !has_any(0)) now_ = target;
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
  while (now_ < target) {
    const std::uint32_t ticks = low_bits(++now_);
    // A coarse list whose time begins now is spread over the finer ones. A deadline of exactly now is due at once.
    for (std::uint32_t level = 1; level < levels && (ticks & ((1u << (level_bits * level)) - 1)) == 0; ++level) {
      take(level * slots_per_level + ((ticks >> (level_bits * level)) & level_mask), [this, ticks](std::uint32_t slot) {
        if (links_[slot].deadline != ticks) return insert(slot);
        links_[slot].list = due_list;
        due_.push_back(slot);
      });
    }
    take(ticks & level_mask, [this](std::uint32_t slot) {
      links_[slot].list = due_list;
      due_.push_back(slot);
    });
  }
  std::reverse(due_.begin(), due_.end());
}

// Whether any list from this one on, which begins a word, has a slot.
bool TimerWheel::has_any(std::size_t from_list) const {
  return std::any_of(occupied_.begin() + static_cast<std::ptrdiff_t>(from_list / 64), occupied_.end(),
                     [](std::uint64_t word) { return word != 0; });
}

std::optional<base::TimePoint> TimerWheel::next() const {
  const std::uint32_t now = low_bits(now_);
  std::optional<std::uint32_t> ahead;
  for (std::uint32_t at = 1; at < slots_per_level && !ahead;) {
    const std::uint32_t list = (now + at) & level_mask;
    const std::uint64_t rest = occupied_[list / 64] >> (list % 64);
    if (rest != 0) {
      ahead = at + static_cast<std::uint32_t>(std::countr_zero(rest));
    } else {
      at += 64 - list % 64;
    }
  }
  if (has_any(slots_per_level)) ahead = std::min(ahead.value_or(slots_per_level), slots_per_level - (now & level_mask));
  if (!ahead) return std::nullopt;
  return start_ + tick * (now_ + *ahead);
}

}  // namespace sluice::workers
