#pragma once
// Mailbox: the bounded way into a worker. Many posts, one wake-up. One of the few objects that threads share.

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "workers/message.hpp"

namespace sluice::workers {

class Worker;

// What a worker is asked to do: deliver a message, or run a job. Exactly one of the two is set.
struct Mail {
  std::shared_ptr<const Message> message;
  std::function<void(Worker&)> job;
};

class Mailbox {
 public:
  // `bytes_max` and `messages_max` bound what waits; jobs count as messages of 0 bytes. Throws std::system_error if the
  // kernel has no descriptor left.
  Mailbox(std::size_t bytes_max, std::size_t messages_max);
  ~Mailbox();
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;

  // Takes room for one piece of mail of `bytes`; false if the mailbox is full. Any thread. A reservation is used by
  // enqueue() or given back by cancel(): never forgotten.
  [[nodiscard]] bool reserve(std::size_t bytes);
  void cancel(std::size_t bytes);
  // Puts mail behind all that is there; the room must have been reserved. Any thread. Does not wake.
  void enqueue(Mail mail);
  // Puts a job behind all that is there and wakes the worker, however full the mailbox is: for the few jobs that start
  // a drain or a stop. Any thread.
  void force(std::function<void(Worker&)> job);
  // Refuses every reservation from now on: nobody will look any more. Any thread.
  void close() { closed_.store(true, std::memory_order_relaxed); }
  // Wakes the worker unless it was woken already and has not yet looked. Any thread.
  void wake();

  // Whether a quarter of what may wait is there: whoever can wait should. Any thread; may lag by a post.
  bool is_crowded() const;

  // Owner only: takes all mail, in order, into `into` (which must be empty), and clears the wake-up.
  void take(std::vector<Mail>& into);
  // Owner only: gives back the room of mail that was handled.
  void handled(std::size_t bytes, std::size_t count);

  // Readable when there is mail: an eventfd for the worker's readiness set.
  int descriptor() const { return descriptor_; }
  // Any thread; may lag by a post.
  std::size_t depth() const { return messages_.load(std::memory_order_relaxed); }
  std::size_t queued_bytes() const { return bytes_.load(std::memory_order_relaxed); }

 private:
  const std::size_t bytes_max_, messages_max_;
  int descriptor_;
  std::atomic<std::size_t> bytes_{0}, messages_{0};
  std::atomic<bool> woken_{false}, closed_{false};
  std::mutex mutex_;
  std::vector<Mail> mail_;  // under mutex_
};

}  // namespace sluice::workers
