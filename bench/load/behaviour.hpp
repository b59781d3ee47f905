#pragma once
// Behaviour: what a mode does with the connections of one thread. The Loop calls it, always on its own thread.

#include <limits>
#include <memory>

#include "bench/load/clock.hpp"

namespace sluice::bench {

class Connection;
class Loop;

class Behaviour {
 public:
  static constexpr Nanoseconds never = std::numeric_limits<Nanoseconds>::max();

  virtual ~Behaviour() = default;
  virtual void on_opened(Connection&) {}
  // A message that was meant to be sent at `sent` came at `received`.
  virtual void on_message(Connection&, Nanoseconds /*sent*/, Nanoseconds /*received*/) {}
  // A message came whose time is not known.
  virtual void on_unread_message(Connection&) {}
  virtual void on_ended(Connection&) {}
  // Does what is due by now; gives when it wants to be called again at the latest.
  virtual Nanoseconds turn(Nanoseconds /*now*/) { return never; }
};

std::unique_ptr<Behaviour> make_fan_out(Loop& loop);
std::unique_ptr<Behaviour> make_echo(Loop& loop);
std::unique_ptr<Behaviour> make_idle(Loop& loop);
std::unique_ptr<Behaviour> make_churn(Loop& loop);

}  // namespace sluice::bench
