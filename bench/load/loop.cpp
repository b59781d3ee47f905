#include "bench/load/loop.hpp"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <system_error>

namespace sluice::bench {

namespace {

constexpr std::size_t read_bytes = 256 * 1024;
// Few at a time, so that what is due by the clock is not kept waiting for long.
constexpr int events_max = 256;
// The longest wait: phases change without a wake-up.
constexpr Nanoseconds wait_max = 10'000'000;

}  // namespace

void Seen::merge(const Seen& other) {
  latency.merge(other.latency);
  echo_latency.merge(other.echo_latency);
  connecting.merge(other.connecting);
  send_lag.merge(other.send_lag);
  turn.merge(other.turn);
}

Loop::Loop(Shared& shared, std::size_t place) : shared_(shared), place_(place), set_(epoll_create1(EPOLL_CLOEXEC)) {
  if (set_ < 0) throw std::system_error(errno, std::generic_category(), "epoll_create1");
  if (!is_first()) return;
  epoll_event event{};
  event.events = EPOLLIN;
  epoll_ctl(set_, EPOLL_CTL_ADD, shared_.publisher_wake_up.descriptor(), &event);
}

Loop::~Loop() {
  connections_.clear();
  close(set_);
}

void Loop::run(Behaviour& behaviour) {
  behaviour_ = &behaviour;
  while (phase_ != Phase::stopped) {
    look_at_phase();
    if (phase_ == Phase::connecting) connect_more();
    const std::uint64_t received = counters().received;
    wait(behaviour.turn(now()));
    if (!is_first() && counters().received != received) shared_.publisher_wake_up.wake();
  }
}

void Loop::look_at_phase() {
  const Phase phase = shared_.phase.load(std::memory_order_acquire);
  if (phase == phase_) return;
  if (phase_ == Phase::measuring) {
    seen_.cpu = thread_cpu() - cpu_before_;
    seen_.elapsed = now() - measuring_since_;
  }
  if (phase == Phase::measuring) {
    cpu_before_ = thread_cpu();
    measuring_since_ = now();
  }
  if (phase == Phase::closing) close_all();
  phase_ = phase;
}

void Loop::connect_more() {
  while (connecting_ < concurrency_ && next_ < connections_.size()) open(connections_[next_++]);
}

void Loop::open(Connection& connection) {
  ++connecting_;
  connection.open();
}

void Loop::close_all() {
  for (Connection& connection : connections_) connection.finish();
}

void Loop::wait(Nanoseconds until) {
  std::array<epoll_event, events_max> events;
  const Nanoseconds before = now();
  const Nanoseconds left = until <= before ? 0 : std::min(until - before, wait_max);
  const timespec timeout{.tv_sec = 0, .tv_nsec = static_cast<long>(left)};
  const int count = epoll_pwait2(set_, events.data(), events_max, &timeout, nullptr);
  if (count <= 0) return;
  const Nanoseconds began = now();
  for (int at = 0; at < count; ++at) {
    if (events[at].data.ptr == nullptr) {
      shared_.publisher_wake_up.clear();
    } else {
      static_cast<Connection*>(events[at].data.ptr)->on_ready(events[at].events);
    }
  }
  if (is_measuring()) seen_.turn.add(now() - began);
}

void Loop::watch(int descriptor, Connection& connection) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.ptr = &connection;
  if (epoll_ctl(set_, EPOLL_CTL_ADD, descriptor, &event) != 0) {
    throw std::system_error(errno, std::generic_category(), "epoll_ctl");
  }
}

std::span<char> Loop::read_buffer(std::string_view rest) {
  if (buffer_.size() < rest.size() + read_bytes) buffer_.resize(rest.size() + read_bytes);
  std::copy(rest.begin(), rest.end(), buffer_.begin());
  return buffer_;
}

void Loop::on_opened(Connection& connection, Nanoseconds took) {
  --connecting_;
  Counters::bump(counters().opened);
  seen_.connecting.add(took);
  behaviour_->on_opened(connection);
}

void Loop::on_ended(Connection& connection, bool was_connecting) {
  if (was_connecting) --connecting_;
  behaviour_->on_ended(connection);
}

void Loop::complain(const std::string& problem) {
  if (++complaints_ <= 3) std::fprintf(stderr, "sluice-bench-load: %s\n", problem.c_str());
}

}  // namespace sluice::bench
