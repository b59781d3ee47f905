#pragma once
// Executor: control's own thread. What workers answer to a call crosses to it, so that they never call gRPC; timers of
// calls and the admin port run on it too.

#include <functional>
#include <memory>

#include "base/clock.hpp"

namespace boost::asio {
class io_context;
}

namespace sluice::control {

class Executor {
 public:
  Executor();
  ~Executor();
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  void start();
  // Ends the thread behind what is queued; what is queued later is destroyed with the executor. Not on its thread.
  void stop();

  // Runs `task` on the thread, in turn. Any thread. The queue is bounded by what feeds it: one task for each answer
  // that a call waits for.
  void post(std::function<void()> task);

  // Gives post() as an object that may outlive the executor; what is posted by then is not run.
  using Poster = std::function<void(std::function<void()>)>;
  Poster poster() const;

  // Runs `task` on the thread at `when`, unless what this returns is destroyed before. On the executor's thread only.
  using Timer = std::shared_ptr<void>;
  [[nodiscard]] Timer at(base::TimePoint when, std::function<void()> task);

  boost::asio::io_context& context();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace sluice::control
