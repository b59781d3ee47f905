#include "workers/acceptor.hpp"

#include <cerrno>
#include <system_error>

#include "base/log.hpp"

namespace sluice::workers {
namespace {

constexpr std::chrono::milliseconds pause{100};

}  // namespace

Acceptor::Acceptor(Readiness& readiness, base::ByteBudget& connections, Metrics& metrics)
    : readiness_(readiness), connections_(connections), metrics_(metrics), log_limit_(1, std::chrono::seconds(10)) {}

Acceptor::~Acceptor() { close_all(); }

void Acceptor::add(int descriptor, ListenerKind kind) {
  listeners_.push_back({descriptor, kind});
  if (!readiness_.add(descriptor, EPOLLIN, Readiness::listener_tag | (listeners_.size() - 1))) {
    throw std::system_error(errno, std::generic_category(), "epoll_ctl of a listener");
  }
}

std::optional<int> Acceptor::accept_one(std::size_t index, base::TimePoint now) {
  if (!connections_.try_take(1)) {
    pause("the limit on connections is reached", now);
    return std::nullopt;
  }
  while (true) {
    const int descriptor = accept4(listeners_[index].descriptor, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (descriptor >= 0) return descriptor;
    // A client that gave up while it was queued, or a network's error of the moment, says nothing about the next one
    // (accept(2), "Error handling").
    if (errno == EINTR || errno == ECONNABORTED || errno == EPROTO || errno == ENETDOWN || errno == EHOSTUNREACH ||
        errno == ENETUNREACH || errno == EPERM) {
      continue;
    }
    break;
  }
  const int error = errno;
  connections_.give_back(1);
  if (error != EAGAIN && error != EWOULDBLOCK) pause(std::generic_category().message(error).c_str(), now);
  return std::nullopt;
}

void Acceptor::pause(const char* why, base::TimePoint now) {
  if (paused_until_) return;
  paused_until_ = now + workers::pause;
  metrics_.accept_pauses.add();
  for (const Listener& listener : listeners_) readiness_.remove(listener.descriptor);
  if (log_limit_.allows(now)) {
    base::log_warning(
        "accepting_paused",
        {{"why", why}, {"connections", connections_.used()}, {"suppressed", log_limit_.take_suppressed()}});
  }
}

void Acceptor::resume() {
  if (!paused_until_) return;
  paused_until_.reset();
  for (std::size_t index = 0; index < listeners_.size(); ++index) {
    // Level-triggered: what is queued shows at once.
    if (!readiness_.add(listeners_[index].descriptor, EPOLLIN, Readiness::listener_tag | index)) {
      base::log_error("listener_lost", {{"why", std::generic_category().message(errno)}});
    }
  }
}

void Acceptor::release() {
  connections_.give_back(1);
  // Soon, not at once: a crowd that waits for the last place must not make the loop spin.
  if (paused_until_) *paused_until_ = std::min(*paused_until_, base::Clock::now() + std::chrono::milliseconds(10));
}

void Acceptor::close_all() {
  for (const Listener& listener : listeners_) close(listener.descriptor);
  listeners_.clear();
}

}  // namespace sluice::workers
