#pragma once
// Cores: how many threads make sense in this process.

#include <cstddef>

namespace sluice::workers {

// Gives the smaller of the cores that the process may use (its affinity) and its cgroup's CPU limit, rounded up; at
// least 1.
std::size_t usable_cores();
// Keeps the calling thread on the `index`-th of the cores that the process may use (modulo their number). False if the
// kernel refuses.
bool pin_this_thread(std::size_t index);

}  // namespace sluice::workers
