#pragma once
// How many connections a message that was published is for, each counted once.

#include <functional>
#include <memory>

#include "workers/message.hpp"

namespace sluice::workers {
class Worker;
}  // namespace sluice::workers

namespace sluice::gateway {

// Asks every worker; `then` is called on the thread of `worker`. Whoever is closing by then is not counted.
void count_reached(workers::Worker& worker, const std::shared_ptr<const workers::Message>& message,
                   std::function<void(workers::Worker&, std::uint64_t)> then);

}  // namespace sluice::gateway
