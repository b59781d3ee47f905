#pragma once
// Places: for how many connections that have a socket there is room, over all workers. A worker takes a place before it
// knows whether somebody waits in the kernel's queue, so that nobody is taken out of it without one.

#include <atomic>
#include <cstddef>

#include "base/byte_budget.hpp"

namespace sluice::workers {

// Any thread.
class Places {
 public:
  explicit Places(std::size_t max) : taken_(max) {}

  // Takes a place for whoever may wait; false if all are taken.
  [[nodiscard]] bool try_take() { return taken_.try_take(1); }
  // Nobody waited.
  void give_back() { taken_.give_back(1); }
  // Somebody has the place from now on, and has left it.
  void occupy() { occupied_.fetch_add(1, std::memory_order_relaxed); }
  void leave() {
    occupied_.fetch_sub(1, std::memory_order_relaxed);
    taken_.give_back(1);
  }

  std::size_t occupied() const { return occupied_.load(std::memory_order_relaxed); }
  std::size_t max() const { return taken_.bytes_max(); }

 private:
  base::ByteBudget taken_;  // of places, not of bytes
  std::atomic<std::size_t> occupied_{0};
};

}  // namespace sluice::workers
