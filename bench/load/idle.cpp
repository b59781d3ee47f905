// Idle connections: they answer pings, which Connection does, and nothing else.

#include "bench/load/loop.hpp"

namespace sluice::bench {

std::unique_ptr<Behaviour> make_idle(Loop&) { return std::make_unique<Behaviour>(); }

}  // namespace sluice::bench
