#pragma once
// gather(): asks workers and hands on their answers, together, on control's executor.

#include <cstddef>
#include <functional>
#include <memory>
#include <numeric>
#include <optional>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "control/executor.hpp"
#include "control/failure.hpp"
#include "workers/pool.hpp"

namespace sluice::control {

struct GatherFrom {
  workers::Pool& pool;
  Executor& executor;
  std::vector<base::WorkerId> workers;
  base::TimePoint deadline;
};

// The answers of one gather(). Belongs to the executor's thread.
template <class Part>
class Gathering {
 public:
  Gathering(std::size_t workers, Answer<std::vector<Part>> answer)
      : parts_(workers), missing_(workers), answer_(std::move(answer)) {}

  void set_timer(Executor::Timer timer) { timer_ = std::move(timer); }
  void take(std::size_t at, Part part) {
    parts_[at] = std::move(part);
    if (--missing_ > 0) return;
    std::vector<Part> all;
    for (std::optional<Part>& one : parts_) all.push_back(*std::move(one));
    end(std::move(all));
  }
  void end(Outcome<std::vector<Part>> outcome) {
    if (!answer_) return;
    timer_.reset();
    std::exchange(answer_, nullptr)(std::move(outcome));
  }

 private:
  std::vector<std::optional<Part>> parts_;
  std::size_t missing_;
  Executor::Timer timer_;
  Answer<std::vector<Part>> answer_;  // null once it was called
};

// Gathering's beginning, on the executor.
template <class Part>
void ask_workers(const GatherFrom& from, const std::function<Part(workers::Worker&)>& ask,
                 const std::shared_ptr<Gathering<Part>>& gathering) {
  for (std::size_t at = 0; at < from.workers.size(); ++at) {
    const bool posted =
        from.pool.post(from.workers[at], [gathering, ask, at, post = from.executor.poster()](workers::Worker& worker) {
          post([gathering, at, part = ask(worker)]() mutable { gathering->take(at, std::move(part)); });
        });
    if (posted) continue;
    return gathering->end(
        try_again(base::Errc::exhausted, "a worker's mailbox is full", std::chrono::milliseconds(50)));
  }
}

// Runs `ask` on the thread of each worker and gives `answer` their answers in the order of `from.workers`, on the
// executor. Errc::exhausted if a mailbox was full and Errc::timed_out at the deadline: workers that were asked may
// still have done, or do, their share then. A deadline that has passed asks nobody. Any thread.
template <class Part>
void gather(const GatherFrom& from, std::function<Part(workers::Worker&)> ask, Answer<std::vector<Part>> answer) {
  auto gathering = std::make_shared<Gathering<Part>>(from.workers.size(), std::move(answer));
  from.executor.post([gathering, ask = std::move(ask), from] {
    if (base::Clock::now() >= from.deadline) return gathering->end(Failure{base::Errc::timed_out, "no time was left"});
    gathering->set_timer(from.executor.at(from.deadline, [weak = std::weak_ptr(gathering)] {
      const auto waiting = weak.lock();
      if (waiting) waiting->end(Failure{base::Errc::timed_out, "the workers did not answer in time"});
    }));
    ask_workers(from, ask, gathering);
  });
}

inline std::uint64_t sum_of(const std::vector<std::uint64_t>& counts) {
  return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
}

}  // namespace sluice::control
