#include "program/signals.hpp"

#include <poll.h>
#include <pthread.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <system_error>

namespace sluice::program {
namespace {

volatile sig_atomic_t code_at_once = 1;

extern "C" void end_process(int) { _exit(code_at_once); }

}  // namespace

Signals::Signals() {
  signal(SIGPIPE, SIG_IGN);
  sigemptyset(&set_);
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set_, number);
  pthread_sigmask(SIG_BLOCK, &set_, nullptr);
  pending_ = signalfd(-1, &set_, SFD_CLOEXEC | SFD_NONBLOCK);
  if (pending_ < 0) throw std::system_error(errno, std::generic_category(), "signalfd");
}

Signals::~Signals() { close(pending_); }

std::optional<Signals::Kind> Signals::wait_until(base::TimePoint until, const std::vector<int>& descriptors) {
  auto left = std::max<base::Duration>(until - base::Clock::now(), base::Duration::zero());
  if (!descriptors.empty()) {
    if (wait_for_any(descriptors, left)) return Kind::arrival;
    left = base::Duration::zero();
  }
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
  const timespec timeout{.tv_sec = seconds.count(), .tv_nsec = (left - seconds).count()};
  const int number = sigtimedwait(&set_, nullptr, &timeout);
  if (number < 0) return std::nullopt;
  return number == SIGHUP ? Kind::reload : Kind::stop;
}

// True if it is one of the descriptors that has come, and no signal.
bool Signals::wait_for_any(const std::vector<int>& descriptors, base::Duration at_most) const {
  std::vector<pollfd> all{{pending_, POLLIN, 0}};
  for (const int descriptor : descriptors) all.push_back({descriptor, POLLIN, 0});
  const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(at_most).count();
  if (poll(all.data(), all.size(), static_cast<int>(milliseconds)) <= 0 || all.front().revents != 0) return false;
  return true;
}

void Signals::end_at_once(int code) {
  code_at_once = code;
  struct sigaction action {};
  action.sa_handler = end_process;
  sigset_t stops = set_;
  sigdelset(&stops, SIGHUP);
  for (const int number : {SIGTERM, SIGINT}) sigaction(number, &action, nullptr);
  pthread_sigmask(SIG_UNBLOCK, &stops, nullptr);
}

}  // namespace sluice::program
