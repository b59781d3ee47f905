#pragma once
// Relieving: what a worker remembers between two times that it did something about overload (Worker::relieve).

#include <cstdint>
#include <vector>

#include "base/clock.hpp"

namespace sluice::workers {

struct Relieving {
  base::TimePoint chosen_at{};              // when connections were chosen last, to be paused or closed
  std::vector<std::uint32_t> socket_bytes;  // by slot, as they were measured last
  std::vector<std::uint64_t> heard_bytes;   // by slot, what had been received then; empty: nobody was listened to
  std::uint32_t next_measured = 0;          // the slot before the one whose turn it is
};

}  // namespace sluice::workers
