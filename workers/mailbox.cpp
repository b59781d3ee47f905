#include "workers/mailbox.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "base/assert.hpp"

namespace sluice::workers {

Mailbox::Mailbox(std::size_t bytes_max, std::size_t messages_max)
    : bytes_max_(bytes_max), messages_max_(messages_max), descriptor_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (descriptor_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
}

Mailbox::~Mailbox() { ::close(descriptor_); }

bool Mailbox::reserve(std::size_t bytes) {
  if (closed_.load(std::memory_order_relaxed)) return false;
  const bool fits = messages_.fetch_add(1, std::memory_order_relaxed) < messages_max_;
  const std::size_t before = bytes_.fetch_add(bytes, std::memory_order_relaxed);
  // One piece always fits into an empty mailbox, however large it is.
  if (fits && (before + bytes <= bytes_max_ || before == 0)) return true;
  cancel(bytes);
  return false;
}

void Mailbox::cancel(std::size_t bytes) { handled(bytes, 1); }

void Mailbox::enqueue(Mail mail) {
  const std::lock_guard lock(mutex_);
  mail_.push_back(std::move(mail));
}

void Mailbox::force(std::function<void(Worker&)> job) {
  messages_.fetch_add(1, std::memory_order_relaxed);
  enqueue({nullptr, std::move(job)});
  wake();
}

void Mailbox::wake() {
  if (woken_.exchange(true)) return;
  // The descriptor is watched for edges, so nobody has to read it; its counter never gets full in a lifetime.
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(descriptor_, &one, sizeof one);
}

bool Mailbox::is_crowded() const {
  return messages_.load(std::memory_order_relaxed) >= messages_max_ / 4 ||
         bytes_.load(std::memory_order_relaxed) >= bytes_max_ / 4;
}

void Mailbox::take(std::vector<Mail>& into) {
  SLUICE_ASSERT(into.empty());
  // Before looking: whoever enqueues after the look wakes again.
  woken_.store(false);
  const std::lock_guard lock(mutex_);
  mail_.swap(into);
}

void Mailbox::handled(std::size_t bytes, std::size_t count) {
  bytes_.fetch_sub(bytes, std::memory_order_relaxed);
  messages_.fetch_sub(count, std::memory_order_relaxed);
}

}  // namespace sluice::workers
