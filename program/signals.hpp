#pragma once
// Signals: SIGTERM, SIGINT and SIGHUP as values that the main thread waits for, instead of handlers that interrupt it.

#include <signal.h>

#include <optional>

#include "base/clock.hpp"

namespace sluice::program {

class Signals {
 public:
  enum class Kind { stop, reload };

  // Blocks the signals in this thread and all that it will start; so it is made before any thread is. SIGPIPE is
  // ignored: a peer that left is an error of the write, no end of the process.
  Signals();
  ~Signals() = default;
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  // Waits for the next signal, at most until `until`.
  std::optional<Kind> wait_until(base::TimePoint until);
  // From now on the next stop ends the process at once, with exit code `code`: for work that cannot be interrupted.
  void end_at_once(int code);

 private:
  sigset_t set_;
};

}  // namespace sluice::program
