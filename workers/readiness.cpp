#include "workers/readiness.hpp"

#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "base/assert.hpp"

namespace sluice::workers {

Readiness::Readiness() : set_(epoll_create1(EPOLL_CLOEXEC)) {
  if (set_ < 0) throw std::system_error(errno, std::generic_category(), "epoll_create1");
}

Readiness::~Readiness() { close(set_); }

bool Readiness::add(int descriptor, std::uint32_t edges, std::uint64_t tag) {
  epoll_event event{};
  event.events = edges;
  event.data.u64 = tag;
  return epoll_ctl(set_, EPOLL_CTL_ADD, descriptor, &event) == 0;
}

bool Readiness::change(int descriptor, std::uint32_t edges, std::uint64_t tag) {
  epoll_event event{};
  event.events = edges;
  event.data.u64 = tag;
  return epoll_ctl(set_, EPOLL_CTL_MOD, descriptor, &event) == 0;
}

void Readiness::remove(int descriptor) { epoll_ctl(set_, EPOLL_CTL_DEL, descriptor, nullptr); }

std::span<const epoll_event> Readiness::wait(std::chrono::nanoseconds timeout) {
  const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(timeout).count();
  const int count = epoll_wait(set_, events_.data(), static_cast<int>(events_.size()), static_cast<int>(milliseconds));
  if (count >= 0) return {events_.data(), static_cast<std::size_t>(count)};
  SLUICE_ASSERT(errno == EINTR);
  return {};
}

}  // namespace sluice::workers
