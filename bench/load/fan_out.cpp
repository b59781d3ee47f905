// A fan-out: one publisher, on the first thread; everyone else listens.

#include <algorithm>

#include "bench/load/loop.hpp"
#include "bench/load/pacer.hpp"

namespace sluice::bench {

namespace {

class FanOut final : public Behaviour {
 public:
  explicit FanOut(Loop& loop) : loop_(loop), shared_(loop.shared()), pacer_(std::max(shared_.options.rate, 1e-9)) {}

  void on_opened(Connection& connection) override {
    if (connection.role() == Role::publisher) publisher_ = &connection;
  }

  void on_ended(Connection& connection) override {
    if (&connection == publisher_) publisher_ = nullptr;
  }

  void on_message(Connection& connection, Nanoseconds sent, Nanoseconds received) override {
    if (connection.role() != Role::listener) return;
    Counters::bump(loop_.counters().received);
    if (loop_.is_measuring()) loop_.seen().latency.add(received > sent ? received - sent : 0);
  }

  void on_unread_message(Connection& connection) override {
    if (connection.role() == Role::listener) Counters::bump(loop_.counters().received);
  }

  Nanoseconds turn(Nanoseconds now) override {
    const bool sends = loop_.phase() == Phase::warming || loop_.phase() == Phase::measuring;
    if (publisher_ == nullptr || !sends) return never;
    return shared_.options.rate > 0 ? keep_rate(now) : keep_window();
  }

 private:
  Nanoseconds keep_rate(Nanoseconds now) {
    if (!pacer_.has_started()) pacer_.start(now);
    while (publisher_ != nullptr && pacer_.due() <= now) {
      const Nanoseconds due = pacer_.due();
      pacer_.advance();
      send(due);
      if (loop_.is_measuring()) loop_.seen().send_lag.add(bench::now() - due);
    }
    return pacer_.due();
  }

  Nanoseconds keep_window() {
    const std::uint64_t listeners = shared_.sum(&Counters::opened) - 1;
    const std::uint64_t received = shared_.sum(&Counters::received);
    // A message is in flight until the last listener has it: counting deliveries alone would let the next one go when
    // the first listener has it, and a server could then merge what was meant to come one by one.
    while (publisher_ != nullptr &&
           (loop_.counters().sent + 1) * listeners <= received + shared_.options.window * listeners) {
      send(bench::now());
    }
    return never;
  }

  void send(Nanoseconds sent) {
    publisher_->send_message(sent);
    Counters::bump(loop_.counters().sent);
  }

  Loop& loop_;
  Shared& shared_;
  Pacer pacer_;
  Connection* publisher_ = nullptr;
};

}  // namespace

std::unique_ptr<Behaviour> make_fan_out(Loop& loop) { return std::make_unique<FanOut>(loop); }

}  // namespace sluice::bench
