#pragma once
// Cores: how many threads make sense in this process, and how they share them.

#include <cstddef>

namespace sluice::workers {

// Gives the smaller of the cores that the process may use (its affinity) and its cgroup's CPU limit, rounded up; at
// least 1.
std::size_t usable_cores();
// Keeps the calling thread on the `index`-th of the cores that the process may use (modulo their number). False if the
// kernel refuses.
bool pin_this_thread(std::size_t index);
// Makes a wake-up of the calling thread wait for whoever runs on its core instead of interrupting it (SCHED_BATCH),
// where the kernel allows that. On a core that both share, a publisher then publishes all that it has read before the
// worker writes it, together; a core that is idle begins as fast as ever. docs/adr/0006-batch-scheduling.md has the
// figures.
void use_batch_scheduling();

}  // namespace sluice::workers
