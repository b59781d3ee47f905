#pragma once
// gather(): asks workers and hands on their answers, together, on control's executor.

#include <cstddef>
#include <functional>
#include <memory>
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

// Runs `ask` on the thread of each worker and gives `answer` their answers in the order of `from.workers`, on the
// executor. Errc::exhausted if a mailbox was full and Errc::timed_out at the deadline: workers that were asked may
// still have done, or do, their share then. A deadline that has passed asks nobody. Any thread.
template <class Part>
void gather(GatherFrom from, std::function<Part(workers::Worker&)> ask, Answer<std::vector<Part>> answer) {
  // Belongs to the executor's thread.
  struct State {
    std::vector<std::optional<Part>> parts;
    std::size_t missing;
    Executor::Timer timer;
    Answer<std::vector<Part>> answer;

    void end(Outcome<std::vector<Part>> outcome) {
      if (!answer) return;
      timer.reset();
      std::exchange(answer, nullptr)(std::move(outcome));
    }
    void take(std::size_t at, Part part) {
      parts[at] = std::move(part);
      if (--missing > 0) return;
      std::vector<Part> all;
      for (std::optional<Part>& one : parts) all.push_back(*std::move(one));
      end(std::move(all));
    }
  };
  auto state = std::make_shared<State>();
  state->parts.resize(from.workers.size());
  state->missing = from.workers.size();
  state->answer = std::move(answer);
  from.executor.post([state, ask = std::move(ask), from] {
    Executor& executor = from.executor;
    if (base::Clock::now() >= from.deadline) return state->end(Failure{base::Errc::timed_out, "no time was left"});
    state->timer = executor.at(from.deadline, [weak = std::weak_ptr(state)] {
      const auto waiting = weak.lock();
      if (waiting) waiting->end(Failure{base::Errc::timed_out, "the workers did not answer in time"});
    });
    const Executor::Poster post = executor.poster();
    for (std::size_t at = 0; at < from.workers.size(); ++at) {
      const bool posted = from.pool.post(from.workers[at], [state, ask, at, post](workers::Worker& worker) {
        post([state, at, part = ask(worker)]() mutable { state->take(at, std::move(part)); });
      });
      if (!posted)
        return state->end(
            try_again(base::Errc::exhausted, "a worker's mailbox is full", std::chrono::milliseconds(50)));
    }
  });
}

}  // namespace sluice::control
