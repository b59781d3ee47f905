#pragma once
// ReadinessFlag: what the node's life has come to, published by whoever changes it, read by probes and calls.

#include <atomic>
#include <cstdint>

namespace sluice::control {

class ReadinessFlag {
 public:
  enum class State : std::uint8_t { starting, ready, draining, leaving };

  // Any thread.
  void set_ready(bool is_ready) {
    State found = state();
    // The end is the end, whoever is late with better news.
    while (found != State::leaving &&
           !state_.compare_exchange_weak(found, is_ready ? State::ready : State::draining, std::memory_order_relaxed)) {
    }
  }
  // Not ready, for good.
  void leave() { state_.store(State::leaving, std::memory_order_relaxed); }
  bool is_ready() const { return state() == State::ready; }
  State state() const { return state_.load(std::memory_order_relaxed); }

 private:
  std::atomic<State> state_{State::starting};
};

}  // namespace sluice::control
