#pragma once
// Relief: the degrees of all actions at the moment. One thread sets them; workers read them, for a relaxed load each.

#include <array>
#include <cstdint>

#include "base/cell.hpp"
#include "base/clock.hpp"
#include "overload/actions.hpp"

namespace sluice::overload {

class Relief {
 public:
  // In thousandths: 0 not at all, 1000 fully. Any thread.
  std::uint64_t permille(Action action) const { return degrees_[static_cast<std::size_t>(action)].read(); }
  bool is_on(Action action) const { return permille(action) != 0; }
  double degree(Action action) const { return static_cast<double>(permille(action)) / 1000; }
  // What is left of a timeout: a tenth of it where they are shortened fully.
  base::Duration shortened(base::Duration timeout) const {
    return timeout - timeout / 10 * 9 * static_cast<std::int64_t>(permille(Action::shorten_timeouts)) / 1000;
  }

  // The one thread's.
  void set(Action action, std::uint64_t permille) { degrees_[static_cast<std::size_t>(action)].set(permille); }

 private:
  std::array<base::Cell, action_count> degrees_;
};

}  // namespace sluice::overload
