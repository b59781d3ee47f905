#pragma once
// Timer: calls back once, later, on the thread that runs its io_context. Belongs to that thread, and may end inside its
// own call.

#include <functional>
#include <memory>

#include "base/clock.hpp"

namespace boost::asio {
class io_context;
}

namespace sluice::cluster {

class Timer {
 public:
  Timer(boost::asio::io_context& loop, std::function<void()> on_expired);
  ~Timer();
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  // Takes the place of what was set before.
  void set(base::TimePoint when);
  void set_after(base::Duration delay) { set(base::Clock::now() + delay); }
  // Nothing is called after it.
  void cancel();

 private:
  struct State;
  std::shared_ptr<State> state_;  // what Asio still holds outlives the timer
};

}  // namespace sluice::cluster
