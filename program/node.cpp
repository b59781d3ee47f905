#include "program/node.hpp"

#include <unistd.h>

#include <string>

#include "base/log.hpp"
#include "program/command.hpp"
#include "program/random_number.hpp"
#include "program/version.hpp"

namespace sluice::program {
namespace {

using namespace std::chrono_literals;

// How often to look whether the last connection has gone.
constexpr base::Duration look_every = 20ms;
// Beyond the plan and what a client may take to answer a close, for the last bytes to leave.
constexpr base::Duration flush_max = 2s;
// What calls under way may still take when all clients are gone.
constexpr base::Duration calls_max = 2s;

control::Facts facts_of(const AllOptions& options) {
  return {.version = std::string(version),
          .node = options.control.node_name,
          .started = std::chrono::system_clock::now(),
          .room_name_bytes_max = options.gateway.room_name_bytes_max,
          .drain_over = options.gateway.drain_seconds};
}

// Waits until `is_over`, at most until `until`; a stop meanwhile ends the process.
template <class Condition>
void wait(Signals& signals, base::TimePoint until, const workers::Pool& pool, Condition is_over) {
  for (;;) {
    const auto now = base::Clock::now();
    if (now >= until) return;
    if (signals.wait_until(std::min(until, now + look_every)) == Signals::Kind::stop) {
      base::log_warning("forced", {{"connections", pool.connections()}});
      _exit(exit_failed);
    }
    if (is_over()) return;
  }
}

}  // namespace

Node::Node(const AllOptions& options)
    : options_(options),
      facts_(facts_of(options)),
      clients_(options.gateway),
      pool_(options.workers, random_number<std::uint32_t>(), random_number<std::uint64_t>(), clients_),
      control_(pool_, options.control, facts_) {}

void Node::start() {
  clients_.open(pool_);
  // Before the workers accept anybody: a port that is taken must not cost clients their connections.
  control_.start();
  pool_.start();
  control_.set_ready(true);
  base::log_info("ready");
}

int Node::run(Signals& signals, const std::function<void()>& on_reload) {
  for (;;) {
    const auto signal = signals.wait_until(base::Clock::now() + 1h);
    if (signal == Signals::Kind::reload) on_reload();
    if (signal == Signals::Kind::stop) break;
  }
  drain(signals);
  end(signals);
  return exit_ok;
}

void Node::drain(Signals& signals) {
  const auto never = [] { return false; };
  const auto delay = options_.gateway.drain_delay_seconds, over = options_.gateway.drain_seconds;
  control_.set_ready(false);
  base::log_info("draining",
                 {{"connections", pool_.connections()}, {"delay_ms", delay.count()}, {"over_ms", over.count()}});
  // After a Drain call nobody is accepted any more, so there is nothing to delay.
  if (!pool_.is_draining()) wait(signals, base::Clock::now() + delay, pool_, never);
  pool_.stop_accepting();
  pool_.drain(over, {workers::EndReason::draining, 1001, "the gateway is going away"});
  const auto until = base::Clock::now() + over + options_.workers.close_timeout_seconds + flush_max;
  wait(signals, until, pool_, [this] { return pool_.connections() == 0; });
  if (pool_.connections() != 0) base::log_warning("drain_overdue", {{"connections", pool_.connections()}});
}

void Node::end(Signals& signals) {
  signals.end_at_once(exit_failed);
  control_.shutdown(base::Clock::now() + calls_max);
  pool_.stop();
  base::log_info("stopped");
}

}  // namespace sluice::program
