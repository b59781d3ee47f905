#pragma once
// How many connections a message that was published is for, each counted once.

#include <functional>
#include <memory>

#include "workers/message.hpp"

namespace sluice::workers {
class Worker;
}  // namespace sluice::workers

namespace sluice::gateway {

// Asks every worker of this node; `then` is called on the thread of `worker`. Whoever is closing by then is not
// counted; where a shared broker has given the message its place, whoever has come since is.
void count_reached(workers::Worker& worker, const std::shared_ptr<const workers::Message>& message,
                   std::function<void(workers::Worker&, std::uint64_t)> then);

}  // namespace sluice::gateway
