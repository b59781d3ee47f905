#pragma once
// Grading: from pressures to the degrees of actions. Each action listens to some resources, and to the one of them that
// is shortest. It begins at a pressure of its own, grows with it until it is taken fully, and ends when the pressure
// has stayed clearly below where it began for a while, so that it does not begin and end all the time. Pure: no clock.

#include <array>
#include <cstdint>
#include <optional>

#include "base/clock.hpp"
#include "overload/actions.hpp"
#include "overload/resources.hpp"

namespace sluice::overload {

class Grading {
 public:
  // So far below its beginning the pressure has to be, for so long, for an action to end.
  static constexpr double margin = 0.05;
  static constexpr base::Duration calm = std::chrono::seconds(2);

  // `first`: the pressure at which the first action begins, below 0.95.
  explicit Grading(double first) : first_(first) {}

  // Where an action begins, and where it is taken fully.
  struct Range {
    double begin, full;
  };
  Range range_of(Action action) const;
  static bool listens(Action action, Resource resource);

  // An action that began or ended.
  struct Change {
    Action action;
    bool has_begun;
    Resource resource;  // the shortest of those that it listens to
    double pressure;    // of that
  };
  // Takes the pressures of this moment. At most one action begins at a time, the mildest first, so that there is time
  // to see what it does, or ends, the harshest first; gives what began or ended, if anything did. `now` never goes
  // back.
  std::optional<Change> take(const Pressures& pressures, base::TimePoint now);
  // In thousandths.
  std::uint64_t permille(Action action) const { return states_[static_cast<std::size_t>(action)].permille; }
  bool is_any_on() const;

 private:
  struct State {
    std::uint64_t permille = 0;
    base::TimePoint last_pressed{};  // when the pressure was last not clearly below
  };
  struct Worst {
    Resource resource;
    double pressure;
  };
  static Worst worst_for(Action action, const Pressures& pressures);

  const double first_;
  std::array<State, action_count> states_;
};

}  // namespace sluice::overload
