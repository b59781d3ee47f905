#include "cluster/timer.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <utility>

namespace sluice::cluster {

// A wait that has ended may already be queued when it is cancelled; its turn tells.
struct Timer::State {
  boost::asio::steady_timer timer;
  std::function<void()> on_expired;
  std::uint64_t turn = 0;
};

Timer::Timer(boost::asio::io_context& loop, std::function<void()> on_expired)
    : state_(std::make_shared<State>(State{boost::asio::steady_timer(loop), std::move(on_expired)})) {}

Timer::~Timer() { cancel(); }

void Timer::set(base::TimePoint when) {
  const std::uint64_t turn = ++state_->turn;
  state_->timer.expires_at(when);
  state_->timer.async_wait([state = state_, turn](const boost::system::error_code&) {
    if (state->turn == turn) state->on_expired();
  });
}

void Timer::cancel() {
  ++state_->turn;
  state_->timer.cancel();
}

}  // namespace sluice::cluster
