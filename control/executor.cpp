#include "control/executor.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <exception>
#include <optional>
#include <thread>
#include <utility>

#include "base/log.hpp"
#include "workers/cores.hpp"

namespace sluice::control {

struct Executor::State {
  boost::asio::io_context context{1};
  std::optional<boost::asio::executor_work_guard<boost::asio::io_context::executor_type>> work;
  std::thread thread;

  // An exception that escapes a task ends that task alone.
  void run() {
    workers::use_batch_scheduling();
    while (!context.stopped()) {
      try {
        context.run();
      } catch (const std::exception& exception) {
        base::log_error("control_task_failed", {{"what", exception.what()}});
      }
    }
  }
};

Executor::Executor() : state_(std::make_shared<State>()) {}
Executor::~Executor() { stop(); }

void Executor::start() {
  state_->work.emplace(state_->context.get_executor());
  state_->thread = std::thread([this] { state_->run(); });
}

void Executor::stop() {
  if (!state_->thread.joinable()) return;
  // Behind what is queued: a call that gRPC is done with is destroyed by a task.
  post([state = state_.get()] { state->context.stop(); });
  state_->thread.join();
  state_->work.reset();
}

void Executor::post(std::function<void()> task) { boost::asio::post(state_->context, std::move(task)); }

Executor::Poster Executor::poster() const {
  return [state = state_](std::function<void()> task) { boost::asio::post(state->context, std::move(task)); };
}

Executor::Timer Executor::at(base::TimePoint when, std::function<void()> task) {
  auto timer = std::make_shared<boost::asio::steady_timer>(state_->context, when);
  timer->async_wait([task = std::move(task)](const boost::system::error_code& error) {
    if (!error) task();
  });
  return timer;
}

boost::asio::io_context& Executor::context() { return state_->context; }

}  // namespace sluice::control
