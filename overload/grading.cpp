#include "overload/grading.hpp"

#include <algorithm>
#include <cmath>

namespace sluice::overload {
namespace {

// By then all actions have begun.
constexpr double last_begin = 0.95;

constexpr std::uint8_t bit(Resource resource) {
  return static_cast<std::uint8_t>(1U << static_cast<unsigned>(resource));
}

// Which resources an action helps with, by action. To be slow is no reason to close anybody.
constexpr std::uint8_t memory = bit(Resource::memory), queued = bit(Resource::queued_bytes),
                       lag = bit(Resource::loop_lag), files = bit(Resource::descriptors);
constexpr std::array<std::uint8_t, action_count> listens_to{
    memory | queued | lag,          // pause_reads
    memory | queued | files,        // shorten_timeouts
    memory | queued | lag,          // drop_volatile
    memory | queued | lag | files,  // refuse_clients
    memory | queued,                // close_outboxes
};

}  // namespace

Grading::Range Grading::range_of(Action action) const {
  const double step = (last_begin - first_) / static_cast<double>(action_count - 1);
  const double begin = first_ + step * static_cast<double>(action);
  return {begin, std::min(1.0, begin + 2 * step)};
}

bool Grading::listens(Action action, Resource resource) {
  return (listens_to[static_cast<std::size_t>(action)] & bit(resource)) != 0;
}

Grading::Worst Grading::worst_for(Action action, const Pressures& pressures) {
  Worst worst{Resource::memory, -1};
  for (std::size_t at = 0; at < pressures.size(); ++at) {
    const auto resource = static_cast<Resource>(at);
    if (listens(action, resource) && pressures[at] > worst.pressure) worst = {resource, pressures[at]};
  }
  return worst;
}

std::optional<Grading::Change> Grading::take(const Pressures& pressures, base::TimePoint now) {
  // One change at a time: the next one comes with the next pressures. The harshest is the first to end.
  std::optional<Change> change;
  for (std::size_t at = action_count; at-- > 0;) {
    State& state = states_[at];
    const Worst worst = worst_for(static_cast<Action>(at), pressures);
    const double begin = range_of(static_cast<Action>(at)).begin;
    if (worst.pressure >= begin - (state.permille != 0 ? margin : 0)) state.last_pressed = now;
    if (change || state.permille == 0 || worst.pressure >= begin || now - state.last_pressed < calm) continue;
    change = Change{static_cast<Action>(at), false, worst.resource, worst.pressure};
    state.permille = 0;
  }
  for (std::size_t at = 0; at < action_count; ++at) {
    State& state = states_[at];
    const Worst worst = worst_for(static_cast<Action>(at), pressures);
    const Range range = range_of(static_cast<Action>(at));
    if (state.permille == 0) {
      if (change || worst.pressure < range.begin) continue;
      change = Change{static_cast<Action>(at), true, worst.resource, worst.pressure};
    }
    const double degree = std::clamp((worst.pressure - range.begin) / (range.full - range.begin), 0.001, 1.0);
    state.permille = static_cast<std::uint64_t>(std::lround(degree * 1000));
  }
  return change;
}

bool Grading::is_any_on() const {
  return std::ranges::any_of(states_, [](const State& state) { return state.permille != 0; });
}

}  // namespace sluice::overload
