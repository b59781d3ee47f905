#include "program/node.hpp"

#include <unistd.h>

#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "base/log.hpp"
#include "program/amounts.hpp"
#include "program/command.hpp"
#include "program/memory_trim.hpp"

namespace sluice::program {
namespace {

using namespace std::chrono_literals;

// How often to look whether the last connection has gone.
constexpr base::Duration look_every = 20ms;
// Beyond the plan and what a client may take to answer a close, for the last bytes to leave.
constexpr base::Duration flush_max = 2s;
// How often to look whether a crowd has left.
constexpr base::Duration trim_every = 2s;
// For the workers to copy their listeners.
constexpr base::Duration copies_max = 2s;
// What calls under way may still take when all clients are gone.
constexpr base::Duration calls_max = 2s;
// For other nodes to say which backends they have.
constexpr base::Duration meet_max = 1s;
// For what comes after them; generous, as what takes longer is killed.
constexpr base::Duration end_max = 10s;

std::string ready_status(const workers::Options& options) {
  return "Ready: " + std::to_string(options.workers) + (options.workers == 1 ? " worker" : " workers") + ", room for " +
         std::to_string(options.connections_max) + " connections";
}

std::string draining_status(std::uint64_t connections, std::chrono::milliseconds over) {
  return "Draining over " + duration_text(over) + "; connections: " + std::to_string(connections);
}

// The plan of a drain that a signal begins.
workers::DrainWish drain_wish(const gateway::Options& options) {
  return {.over = options.drain_seconds,
          .ending = {workers::EndReason::draining, 1001, "the gateway is going away"},
          .return_within = 3s};
}

// Waits until `is_over`, at most until `until`; a stop meanwhile ends the process.
template <class Condition>
void wait(Signals& signals, base::TimePoint until, const workers::Pool& pool, bool& ignores_stop, Condition is_over) {
  for (;;) {
    const auto now = base::Clock::now();
    if (now >= until) return;
    const bool is_stop = signals.wait_until(std::min(until, now + look_every)) == Signals::Kind::stop;
    if (is_stop && !std::exchange(ignores_stop, false)) {
      base::log_warning("forced", {{"connections", pool.connections()}});
      _exit(exit_failed);
    }
    if (is_over()) return;
  }
}

template <class T>
T or_throw(base::Result<T> result) {
  if (!result) throw std::runtime_error(result.error().detail);
  return std::move(*result);
}

}  // namespace

// What has begun may be about to post to workers.
Node::~Node() {
  if (cluster_) cluster_->stop();
}

bool Node::start(Signals& signals, Supervisor& supervisor) {
  base::HandedSockets handed;
  base::HandedSockets* const handing = options_.takeover.empty() ? nullptr : &handed;
  std::optional<Takeover> takeover;
  if (handing != nullptr) {
    takeover_port_ = or_throw(TakeoverPort::make(options_.takeover));
    takeover = or_throw(Takeover::begin(options_.takeover, handed));
  }
  clients_.open(pool_, handing);
  // Who is refused tries another node, who is let wait does not. What another process still serves is left alone.
  const bool listens_later = cluster_ && !takeover;
  if (listens_later) pool_.listen_later();
  // Before the workers accept anybody: a port that is taken must not cost clients their connections.
  control_.start(handing);
  if (cluster_ && !join_cluster(signals, supervisor)) {
    end(signals);
    return false;
  }
  if (const auto status = listens_later ? pool_.listen_now() : base::ok(); !status) {
    throw std::runtime_error(status.error().detail);
  }
  pool_.start();
  // A Drain may have come already.
  control_.set_ready(!pool_.is_draining());
  control_.serve();
  if (takeover && !takeover->finish()) base::log_warning("takeover_unconfirmed", {{"path", options_.takeover}});
  if (takeover_port_) {
    // Clients are served already.
    if (const auto status = takeover_port_->open(); !status)
      base::log_error("takeover_port_lost", {{"why", status.error().detail}});
  }
  base::log_info("ready", {{"taken_over", takeover.has_value()}});
  return true;
}

// Nobody is let in before there is a broker, and before it is known who may not: until then the node is alive, but not
// ready.
bool Node::join_cluster(Signals& signals, Supervisor& supervisor) {
  cluster_->start([this] {
    return workers::NodeLoad{
        .connections = pool_.connections(), .is_ready = control_.is_ready(), .is_draining = pool_.is_draining()};
  });
  const auto has_come = [&](const auto& future) {
    while (future.wait_for(0s) != std::future_status::ready) {
      if (signals.wait_until(base::Clock::now() + look_every) == Signals::Kind::stop) return false;
      tell_alive(supervisor);
    }
    return true;
  };
  auto found = cluster_->found();
  if (!has_come(found)) return false;
  if (const auto status = found.get(); !status) throw std::runtime_error(status.error().detail);
  // Who is kept out must not come in by a node that is new.
  if (!has_come(control_.learned())) return false;
  control_.meet_others(base::Clock::now() + meet_max);
  return true;
}

int Node::run(Signals& signals, Supervisor& supervisor, const Reloading& options) {
  supervisor.ready(ready_status(options_.workers));
  MemoryTrim trim;
  base::TimePoint look_at{};
  for (;;) {
    const auto until = std::min({look_at, options.watch.due(), files_watch_.due()});
    auto descriptors = takeover_port_ ? takeover_port_->descriptors() : std::vector<int>();
    descriptors.insert(descriptors.end(), {options.watch.descriptor(), files_watch_.descriptor()});
    const auto signal = signals.wait_until(until, descriptors);
    if (signal == Signals::Kind::stop) break;
    if (signal == Signals::Kind::arrival && takeover_port_ && look_for_takeover()) break;
    const auto now = base::Clock::now();
    if (now >= look_at) {
      look_at = now + std::min(trim_every, supervisor.alive_every());
      tell_alive(supervisor);
      trim.look(pool_.connections());
      revocations_.trim(std::chrono::system_clock::now());
    }
    const bool is_asked = signal == Signals::Kind::reload;
    if (options.watch.has_changed(now) || is_asked) reload_options(supervisor, options);
    if (files_watch_.has_changed(now) || is_asked) reload_files();
    // These look after their files themselves.
    if (is_asked && tls_) tls_->reload();
    if (is_asked && keys_) keys_->reload();
  }
  drain(signals, supervisor);
  end(signals);
  return exit_ok;
}

void Node::reload_options(Supervisor& supervisor, const Reloading& options) {
  supervisor.reloading(base::Clock::now());
  options.watch.note_read();
  control_.note_options_read(options.reload());
  supervisor.ready(ready_status(options_.workers));
}

void Node::reload_files() {
  files_watch_.note_read();
  if (callers_file_) callers_file_->reload();
  control_.reload_certificates();
}

// As /healthz: a watchdog that ends the gateway is to see what a probe sees.
void Node::tell_alive(Supervisor& supervisor) const {
  if (pool_.slowest_turn_age() <= options_.control.stuck_worker_seconds) supervisor.alive(base::Clock::now());
}

// Goes on with the plan of a Drain that was called, if there is one: its caller has chosen its pace.
void Node::drain(Signals& signals, Supervisor& supervisor) {
  if (!is_taken_over_) takeover_port_.reset();
  const bool goes_on = pool_.is_draining();
  // Nobody has to learn of it where another process serves at the same addresses.
  const auto delay = goes_on || is_taken_over_ ? 0ms : options_.gateway.drain_delay_seconds;
  const auto over = goes_on ? pool_.drain_left() : options_.gateway.drain_seconds;
  tell_stopping(supervisor, delay + over);
  control_.leave();
  // Undrain is refused from then on, which whoever reads the line may count on.
  if (delay == 0ms) stop_accepting();
  base::log_info("draining", {{"connections", pool_.connections()},
                              {"goes_on", goes_on},
                              {"taken_over", is_taken_over_},
                              {"delay_ms", delay.count()},
                              {"over_ms", over.count()}});
  if (delay != 0ms) {
    wait(signals, base::Clock::now() + delay, pool_, ignores_stop_, [&] {
      tell_alive(supervisor);
      return pool_.is_draining();
    });
    stop_accepting();
  }
  if (!pool_.is_draining()) pool_.drain(drain_wish(options_.gateway));
  wait_for_clients(signals, supervisor);
  if (pool_.connections() != 0) base::log_warning("drain_overdue", {{"connections", pool_.connections()}});
}

// Before anybody who takes over just now hears that nothing is accepted here any more.
void Node::stop_accepting() {
  if (is_taken_over_) {
    const base::TimePoint deadline = base::Clock::now() + copies_max;
    if (!pool_.give_up_listeners(deadline) || !control_.give_up_ports(deadline)) {
      base::log_warning("takeover_late", {{"why", "a thread does not answer, and may still accept clients"}});
    }
    takeover_port_->leave();
  } else {
    pool_.stop_accepting(workers::Pool::Stop::for_good);
  }
  takeover_port_.reset();
}

bool Node::look_for_takeover() {
  is_taken_over_ = takeover_port_->look([this] { return offers(); });
  // The first who stops it now asks for what is done already.
  ignores_stop_ = is_taken_over_;
  if (is_taken_over_) base::log_info("taken_over", {{"by", "another process"}});
  return is_taken_over_;
}

base::Result<std::vector<TakeoverPort::Offer>> Node::offers() {
  auto clients = gateway::ClientPort::copies(pool_, base::Clock::now() + copies_max);
  if (!clients) return clients.error();
  std::vector<TakeoverPort::Offer> offers;
  for (auto& [what, descriptor] : *clients) offers.push_back({what, std::move(descriptor)});
  for (auto& [what, descriptor] : control_.copies()) offers.push_back({what, std::move(descriptor)});
  return offers;
}

// Another Drain may be called meanwhile, which has a plan of its own.
void Node::wait_for_clients(Signals& signals, Supervisor& supervisor) {
  const auto after = options_.workers.close_timeout_seconds + flush_max;
  base::TimePoint ends = base::Clock::now() + pool_.drain_left();
  wait(signals, base::TimePoint::max(), pool_, ignores_stop_, [&] {
    tell_alive(supervisor);
    const base::TimePoint now = base::Clock::now(), planned = now + pool_.drain_left();
    if (planned > ends + 1s) tell_stopping(supervisor, pool_.drain_left());
    if (pool_.drain_left() > 0ms) ends = planned;
    return pool_.connections() == 0 || now >= ends + after;
  });
}

void Node::tell_stopping(Supervisor& supervisor, std::chrono::milliseconds over) const {
  const auto after = options_.workers.close_timeout_seconds + flush_max;
  supervisor.stopping(draining_status(pool_.connections(), over), over + after + calls_max + end_max);
}

void Node::end(Signals& signals) {
  signals.end_at_once(exit_failed);
  control_.shutdown(base::Clock::now() + calls_max);
  pool_.stop();
  if (cluster_) cluster_->stop();
  base::log_info("stopped");
}

}  // namespace sluice::program
