#include "workers/acceptor.hpp"

#include <fcntl.h>
#include <netinet/in.h>

#include <cerrno>
#include <system_error>

#include "base/log.hpp"

namespace sluice::workers {
namespace {

constexpr std::chrono::milliseconds pause{100};

base::Error cannot_listen(const base::Address& address, int error) {
  return base::fail(base::Errc::unavailable,
                    "cannot listen on " + address.text() + " again: " + std::generic_category().message(error));
}

}  // namespace

Acceptor::Acceptor(Readiness& readiness, Places& places, Metrics& metrics)
    : readiness_(readiness), places_(places), metrics_(metrics), log_limit_(1, std::chrono::seconds(10)) {}

Acceptor::~Acceptor() { close_all(); }

void Acceptor::add(int descriptor, ListenerKind kind, const ListenerTerms& terms) {
  listeners_.push_back({descriptor, kind, terms});
  if (!readiness_.add(descriptor, EPOLLIN, Readiness::listener_tag | (listeners_.size() - 1))) {
    throw std::system_error(errno, std::generic_category(), "epoll_ctl of a listener");
  }
}

std::optional<int> Acceptor::accept_one(std::size_t index, base::TimePoint now) {
  if (!places_.try_take()) {
    pause("the limit on connections is reached", now);
    return std::nullopt;
  }
  while (true) {
    const int descriptor = accept4(listeners_[index].descriptor, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (descriptor >= 0) {
      places_.occupy();
      return descriptor;
    }
    // A client that gave up while it was queued, or a network's error of the moment, says nothing about the next one
    // (accept(2), "Error handling").
    if (errno == EINTR || errno == ECONNABORTED || errno == EPROTO || errno == ENETDOWN || errno == EHOSTUNREACH ||
        errno == ENETUNREACH || errno == EPERM) {
      continue;
    }
    break;
  }
  const int error = errno;
  places_.give_back();
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
        {{"why", why}, {"connections", places_.occupied()}, {"suppressed", log_limit_.take_suppressed()}});
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
  places_.leave();
  // Soon, not at once: a crowd that waits for the last place must not make the loop spin.
  if (paused_until_) *paused_until_ = std::min(*paused_until_, base::Clock::now() + std::chrono::milliseconds(10));
}

// shutdown() makes a socket refuse, as closing would, and lets it be made to listen again (Linux).
void Acceptor::stop_listening() {
  if (!is_listening_) return;
  paused_until_.reset();
  is_listening_ = false;
  for (Listener& listener : listeners_) {
    readiness_.remove(listener.descriptor);
    sockaddr_storage storage{};
    socklen_t bytes = sizeof storage;
    if (!listener.address && getsockname(listener.descriptor, reinterpret_cast<sockaddr*>(&storage), &bytes) == 0) {
      listener.address = base::Address::from(storage);
    }
    shutdown(listener.descriptor, SHUT_RD);
  }
}

base::Status Acceptor::listen_again() {
  if (is_listening_) return base::ok();
  for (std::size_t index = 0; index < listeners_.size(); ++index) {
    const Listener& listener = listeners_[index];
    // A port that the kernel chose has to be asked for anew; the others are the sockets' still (EINVAL).
    const base::Address& address = listener.address.value();
    const bool is_bound =
        bind(listener.descriptor, address.socket_address(), address.socket_address_bytes()) == 0 || errno == EINVAL;
    if (is_bound && listen(listener.descriptor, listener.terms.backlog) == 0) continue;
    const int error = errno;
    is_listening_ = true;  // some of them do
    stop_listening();
    return cannot_listen(address, error);
  }
  is_listening_ = true;
  paused_until_ = base::TimePoint{};
  resume();
  return base::ok();
}

base::Status Acceptor::are_addresses_free() const {
  for (const Listener& listener : listeners_) {
    if (is_listening_ || listener.terms.is_shared) continue;
    const base::Address& address = listener.address.value();
    const base::Descriptor probe(socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
    const int on = 1, v6_only = address.is_dual_stack() ? 0 : 1;
    // Without SO_REUSEPORT, which would share the address with whoever shares it too.
    const bool is_free = setsockopt(probe.number(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
                         (address.family() != AF_INET6 ||
                          setsockopt(probe.number(), IPPROTO_IPV6, IPV6_V6ONLY, &v6_only, sizeof v6_only) == 0) &&
                         bind(probe.number(), address.socket_address(), address.socket_address_bytes()) == 0 &&
                         listen(probe.number(), 1) == 0;
    if (!is_free) return cannot_listen(address, errno);
  }
  return base::ok();
}

std::vector<ListeningSockets::Listener> Acceptor::copies() const {
  std::vector<ListeningSockets::Listener> copies;
  for (const Listener& listener : listeners_) {
    base::Descriptor copy(fcntl(listener.descriptor, F_DUPFD_CLOEXEC, 0));
    if (copy) copies.push_back({std::move(copy), listener.kind});
  }
  return copies;
}

// Whoever has a copy keeps the kernel's part of a socket alive, which would go on being watched here.
void Acceptor::close_all() {
  for (const Listener& listener : listeners_) {
    readiness_.remove(listener.descriptor);
    close(listener.descriptor);
  }
  listeners_.clear();
  paused_until_.reset();
}

}  // namespace sluice::workers
