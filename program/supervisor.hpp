#pragma once
// Supervisor: what started the gateway and wants to hear how it fares, such as systemd for a unit of Type=notify; the
// protocol is that of sd_notify(3). Where nobody asked (no NOTIFY_SOCKET), nothing is told. Belongs to the main thread.

#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/options.hpp"

namespace sluice::program {

class Supervisor {
 public:
  // Takes NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID. What cannot be told, now or later, is a warning in the log: a
  // gateway that serves is worth more than one that reports.
  explicit Supervisor(const base::Environment& environment);
  ~Supervisor();
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  // Says that clients are let in; also what follows reloading(). `status` is a line for `systemctl status`.
  void ready(std::string_view status);
  void reloading(base::TimePoint now);
  // Says that the end has begun, and may take `at_most`: the supervisor kills what takes longer than it was told.
  void stopping(std::string_view status, base::Duration at_most);

  // How often alive() has to be called, with a factor of 2 in hand; Duration::max() if nobody watches.
  base::Duration alive_every() const { return alive_every_; }
  // Tells the watchdog, when that is due, that all is well. One that is not told kills the process.
  void alive(base::TimePoint now);

 private:
  void send(std::string_view assignments) const;

  int socket_ = -1;
  std::string address_;  // as the kernel takes it: an abstract one begins with NUL
  base::Duration alive_every_ = base::Duration::max();
  base::TimePoint alive_due_{};
};

}  // namespace sluice::program
