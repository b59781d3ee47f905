#include "program/signals.hpp"

#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>

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
}

std::optional<Signals::Kind> Signals::wait_until(base::TimePoint until) {
  const auto left = std::max<base::Duration>(until - base::Clock::now(), base::Duration::zero());
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
  const timespec timeout{.tv_sec = seconds.count(), .tv_nsec = (left - seconds).count()};
  const int number = sigtimedwait(&set_, nullptr, &timeout);
  if (number < 0) return std::nullopt;
  return number == SIGHUP ? Kind::reload : Kind::stop;
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
