// Echoes: every connection gets back what it sends, either `depth` in flight at a time or at a steady rate.

#include <algorithm>

#include "bench/load/loop.hpp"
#include "bench/load/pacer.hpp"

namespace sluice::bench {

namespace {

class Echo final : public Behaviour {
 public:
  explicit Echo(Loop& loop)
      : loop_(loop),
        options_(loop.shared().options),
        // One pacer for all of the thread's connections, in turn, so that they do not all send at once.
        pacer_(std::max(options_.echo_rate * static_cast<double>(loop.connections().size()), 1e-9)) {}

  void on_message(Connection& connection, Nanoseconds sent, Nanoseconds received) override {
    Counters::bump(loop_.counters().echoed);
    if (loop_.is_measuring()) loop_.seen().echo_latency.add(received > sent ? received - sent : 0);
    if (options_.echo_rate <= 0 && sends()) connection.send_message(now());
  }

  Nanoseconds turn(Nanoseconds now) override {
    if (!sends()) return never;
    if (options_.echo_rate > 0) return keep_rate(now);
    if (!has_begun_) begin();
    return never;
  }

 private:
  bool sends() const { return loop_.phase() == Phase::warming || loop_.phase() == Phase::measuring; }

  void begin() {
    has_begun_ = true;
    for (Connection& connection : loop_.connections()) {
      for (std::size_t at = 0; at < options_.depth && connection.is_open(); ++at) connection.send_message(now());
    }
  }

  Nanoseconds keep_rate(Nanoseconds now) {
    if (!pacer_.has_started()) pacer_.start(now);
    while (pacer_.due() <= now) {
      const Nanoseconds due = pacer_.due();
      pacer_.advance();
      Connection& connection = loop_.connections()[turn_++ % loop_.connections().size()];
      if (connection.is_open()) connection.send_message(due);
      if (loop_.is_measuring()) loop_.seen().send_lag.add(bench::now() - due);
    }
    return pacer_.due();
  }

  Loop& loop_;
  const Options& options_;
  Pacer pacer_;
  std::size_t turn_ = 0;
  bool has_begun_ = false;
};

}  // namespace

std::unique_ptr<Behaviour> make_echo(Loop& loop) { return std::make_unique<Echo>(loop); }

}  // namespace sluice::bench
