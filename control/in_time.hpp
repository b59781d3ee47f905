#pragma once
// InTime: an answer that is given by a deadline, whatever it waits for takes. Belongs to the executor's thread, but for
// its making.

#include <functional>
#include <memory>
#include <utility>

#include "base/clock.hpp"
#include "control/executor.hpp"
#include "control/failure.hpp"

namespace sluice::control {

template <class T>
class InTime {
 public:
  explicit InTime(Answer<T> answer) : answer_(std::move(answer)) {}

  // What comes second is for nobody.
  void give(Outcome<T> outcome) {
    if (!answer_) return;
    timer_.reset();
    std::exchange(answer_, nullptr)(std::move(outcome));
  }
  // Gives what `late` makes at the deadline, if nothing was given by then.
  static void limit(const std::shared_ptr<InTime>& self, Executor& executor, base::TimePoint deadline,
                    std::function<Outcome<T>()> late) {
    if (!self->answer_) return;
    self->timer_ = executor.at(deadline, [self, late = std::move(late)] { self->give(late()); });
  }

 private:
  Answer<T> answer_;  // null once it was called
  Executor::Timer timer_;
};

}  // namespace sluice::control
