#pragma once
// What a worker sets aside until later in its turn, or until a time: connections by slot and generation, as nobody
// keeps a pointer to one.

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/ids.hpp"

namespace sluice::workers {

struct SlotGeneration {
  std::uint32_t slot, generation;
};
// A connection that is read no further until then.
struct Delayed {
  base::TimePoint until;
  SlotGeneration whose;
  bool operator>(const Delayed& other) const { return until > other.until; }
};

// A socket that leaves its connection, for a session here or for another worker.
struct Departure {
  std::uint32_t slot, generation;  // whose it was
  std::uint32_t session_slot = 0, session_generation = 0;
  std::optional<base::WorkerId> to;
  std::string unread;
};

}  // namespace sluice::workers
