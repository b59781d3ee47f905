#pragma once
// ByteBudget: one bound in bytes over what many owners hold. One of the few objects that threads share; owners take
// slices of at least kilobytes, so the shared line is not on the hot path.

#include <atomic>
#include <cstddef>

namespace sluice::base {

class ByteBudget {
 public:
  explicit ByteBudget(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  // Takes `bytes` if they fit; false, and nothing taken, if not. Any thread.
  [[nodiscard]] bool try_take(std::size_t bytes) {
    std::size_t used = used_.load(std::memory_order_relaxed);
    do {
      if (bytes > bytes_max_ || used > bytes_max_ - bytes) return false;
    } while (!used_.compare_exchange_weak(used, used + bytes, std::memory_order_relaxed));
    return true;
  }
  // Takes `bytes` whether they fit or not, for what cannot be refused any more; is_over() tells. Any thread.
  void take(std::size_t bytes) { used_.fetch_add(bytes, std::memory_order_relaxed); }
  void give_back(std::size_t bytes) { used_.fetch_sub(bytes, std::memory_order_relaxed); }

  bool is_over() const { return used() > bytes_max_; }
  std::size_t used() const { return used_.load(std::memory_order_relaxed); }
  std::size_t bytes_max() const { return bytes_max_; }

 private:
  const std::size_t bytes_max_;
  std::atomic<std::size_t> used_{0};
};

}  // namespace sluice::base
