#include "gateway/reached.hpp"

#include <utility>

#include "workers/worker.hpp"

namespace sluice::gateway {
namespace {

using workers::Worker;

// Touched by the thread of the worker that asks.
struct Count {
  std::size_t workers_left;
  std::uint64_t reached = 0;
  std::function<void(Worker&, std::uint64_t)> then;
};

}  // namespace

void count_reached(Worker& worker, const std::shared_ptr<const workers::Message>& message,
                   std::function<void(Worker&, std::uint64_t)> then) {
  const auto count = std::make_shared<Count>(Count{worker.worker_count(), 0, std::move(then)});
  const std::uint64_t place = worker.has_shared_broker() ? workers::any_place : message->place;
  for (std::size_t at = 0; at < worker.worker_count(); ++at) {
    worker.post(base::WorkerId{static_cast<std::uint16_t>(at)},
                [count, message, place, from = worker.id()](Worker& there) {
                  std::uint64_t members = 0;
                  there.delivery().for_each(message->target, place, [&members](workers::Connection&) { ++members; });
                  there.post(from, [count, members](Worker& here) {
                    count->reached += members;
                    if (--count->workers_left == 0) count->then(here, count->reached);
                  });
                });
  }
}

}  // namespace sluice::gateway
