#include "program/foreground.hpp"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <system_error>

#include "base/clock.hpp"

namespace sluice::program {
namespace {

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

constexpr const char* no_output = "cannot write to standard output";

}  // namespace

Foreground::Foreground() {
  // Before anything is opened that could get its number.
  if (fcntl(STDOUT_FILENO, F_GETFD) < 0) fail(no_output);
  signal(SIGPIPE, SIG_IGN);
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGTERM, SIGINT}) sigaddset(&set, number);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  signals_ = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  if (signals_ < 0) fail("signalfd");
}

Foreground::~Foreground() { close(signals_); }

std::array<int, 2> Foreground::descriptors() const { return {signals_, STDOUT_FILENO}; }

void Foreground::look(short wanted, std::chrono::milliseconds patience) {
  std::array<pollfd, 2> both{pollfd{signals_, POLLIN, 0}, pollfd{STDOUT_FILENO, wanted, 0}};
  const auto timeout = std::clamp<std::chrono::milliseconds::rep>(patience.count(), -1, INT_MAX);
  if (poll(both.data(), both.size(), static_cast<int>(timeout)) <= 0) return;
  const bool has_reader_left = (both[1].revents & (POLLERR | POLLHUP | POLLNVAL)) != 0;
  is_over_ = is_over_ || both[0].revents != 0 || has_reader_left;
  has_room_ = (both[1].revents & POLLOUT) != 0;
}

bool Foreground::is_over() {
  if (!is_over_) look(0, std::chrono::milliseconds(0));
  return is_over_;
}

bool Foreground::wait(std::chrono::milliseconds duration) {
  const base::TimePoint until = base::Clock::now() + duration;
  while (!is_over()) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - base::Clock::now());
    if (left.count() <= 0) return true;
    look(0, left);
  }
  return false;
}

bool Foreground::write(std::string_view text) {
  // A pipe that has room at all has it for so many bytes: no write waits, so that a signal is always heard.
  constexpr std::size_t piece_bytes = PIPE_BUF;
  while (!text.empty()) {
    has_room_ = false;
    if (!is_over_) look(POLLOUT, std::chrono::milliseconds(-1));
    if (is_over_) return false;
    if (!has_room_) continue;
    const ssize_t written = ::write(STDOUT_FILENO, text.data(), std::min(text.size(), piece_bytes));
    if (written >= 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EPIPE) {
      is_over_ = true;
    } else if (errno != EINTR && errno != EAGAIN) {
      fail(no_output);
    }
  }
  return true;
}

}  // namespace sluice::program
