#pragma once
// Signals: SIGTERM, SIGINT and SIGHUP as values that the main thread waits for, instead of handlers that interrupt it.

#include <signal.h>

#include <optional>
#include <vector>

#include "base/clock.hpp"

namespace sluice::program {

class Signals {
 public:
  // Arrival is no signal: something else that was waited for has come.
  enum class Kind { stop, reload, arrival };

  // Blocks the signals in this thread and all that it will start; so it is made before any thread is. SIGPIPE is
  // ignored: a peer that left is an error of the write, no end of the process.
  Signals();
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  // Waits for the next signal, at most until `until`, or until one of `descriptors` is readable.
  std::optional<Kind> wait_until(base::TimePoint until, const std::vector<int>& descriptors = {});
  // From now on the next stop ends the process at once, with exit code `code`: for work that cannot be interrupted.
  void end_at_once(int code);

 private:
  bool wait_for_any(const std::vector<int>& descriptors, base::Duration at_most) const;

  sigset_t set_;
  int pending_;  // readable while a signal is pending
};

}  // namespace sluice::program
