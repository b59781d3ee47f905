// Churn: connect, upgrade, close, and again.

#include <vector>

#include "bench/load/loop.hpp"

namespace sluice::bench {

namespace {

class Churn final : public Behaviour {
 public:
  explicit Churn(Loop& loop) : loop_(loop) {}

  void on_opened(Connection& connection) override {
    if (loop_.shared().options.close_handshake) {
      connection.send_close();
    } else {
      connection.finish();
    }
  }

  void on_ended(Connection& connection) override { closed_.push_back(&connection); }

  Nanoseconds turn(Nanoseconds) override {
    if (loop_.phase() >= Phase::draining) return never;
    // Opening may fail at once, which adds to the list: those have to wait for the next turn.
    again_.swap(closed_);
    for (Connection* const connection : again_) loop_.open(*connection);
    again_.clear();
    return never;
  }

 private:
  Loop& loop_;
  std::vector<Connection*> closed_, again_;
};

}  // namespace

std::unique_ptr<Behaviour> make_churn(Loop& loop) { return std::make_unique<Churn>(loop); }

}  // namespace sluice::bench
