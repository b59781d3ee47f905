#pragma once
// Snapshot: one immutable value that is replaced whole now and then, read by many threads. One of the few places with a
// lock (docs/ARCHITECTURE.md); readers take it only when the value has changed.

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>

namespace sluice::base {

template <class T>
class Snapshot {
 public:
  explicit Snapshot(std::shared_ptr<const T> first) : value_(std::move(first)) {}
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;

  // Replaces the value; whoever holds the old one keeps it. Any thread.
  void publish(std::shared_ptr<const T> value) {
    const std::lock_guard lock(mutex_);
    value_.swap(value);
    version_.fetch_add(1, std::memory_order_release);
  }
  // Takes the lock; for what is read rarely. Any thread.
  std::shared_ptr<const T> get() const {
    const std::lock_guard lock(mutex_);
    return value_;
  }

  // One thread's view, which costs one load while nothing changes.
  class Reader {
   public:
    // `snapshot` outlives this.
    explicit Reader(const Snapshot& snapshot) : snapshot_(snapshot) {}
    // Gives the newest value; the reference is good until the next call.
    const std::shared_ptr<const T>& get() {
      if (snapshot_.version_.load(std::memory_order_acquire) != version_) take();
      return value_;
    }

   private:
    void take() {
      const std::lock_guard lock(snapshot_.mutex_);
      value_ = snapshot_.value_;
      version_ = snapshot_.version_.load(std::memory_order_relaxed);
    }

    const Snapshot& snapshot_;
    std::shared_ptr<const T> value_;
    std::uint64_t version_ = 0;  // of nothing: a snapshot begins with 1
  };

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const T> value_;
  std::atomic<std::uint64_t> version_{1};
};

}  // namespace sluice::base
