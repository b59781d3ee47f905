#include "bench/load/run.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <stdexcept>

namespace sluice::bench {

namespace {

constexpr double connect_seconds_max = 300, settle_seconds_max = 10, drain_seconds_max = 3, close_seconds_max = 30;
// A server that uses less of a core has nothing more to do.
constexpr double resting_cores = 0.05;

// The mixed mode's echoes have a thread of their own, so that they do not wait for the generator to read a fan-out.
std::size_t threads_of(const Options& options) { return options.threads + (options.mode == Mode::mixed ? 1 : 0); }

std::unique_ptr<Behaviour> make_behaviour(Mode mode, Loop& loop, bool is_last) {
  switch (mode) {
    case Mode::fan_out:
      return make_fan_out(loop);
    case Mode::echo:
      return make_echo(loop);
    case Mode::idle:
      return make_idle(loop);
    case Mode::churn:
      return make_churn(loop);
    case Mode::mixed:
      return is_last ? make_echo(loop) : make_fan_out(loop);
  }
  return nullptr;
}

}  // namespace

Run::Run(const Options& options) : options_(options), server_(options.pids), shared_(options, threads_of(options)) {
  shared_.server.sin_family = AF_INET;
  shared_.server.sin_port = htons(options.port);
  if (inet_pton(AF_INET, options.host.c_str(), &shared_.server.sin_addr) != 1) {
    throw std::invalid_argument("--host: needs an IPv4 address, not " + options.host + "\n");
  }
  make_loops();
}

Run::~Run() { stop(); }

void Run::make_loops() {
  for (std::size_t place = 0; place < shared_.counters.size(); ++place) {
    loops_.push_back(std::make_unique<Loop>(shared_, place));
    loops_.back()->set_concurrency(std::max<std::size_t>(1, options_.concurrency / options_.threads));
  }
  const auto add = [&](std::size_t place, Role role) { loops_[place]->add(role, planned_++); };
  const bool has_fan_out = options_.mode == Mode::fan_out || options_.mode == Mode::mixed;
  const bool is_echo = options_.mode == Mode::echo;
  const std::size_t clients = options_.mode == Mode::churn ? options_.concurrency : options_.clients;
  for (std::size_t at = 0; at < clients; ++at) {
    add(at % options_.threads, is_echo ? Role::echo : Role::listener);
  }
  if (has_fan_out) add(0, Role::publisher);
  if (options_.mode == Mode::mixed) {
    for (std::size_t at = 0; at < options_.echo_clients; ++at) add(options_.threads, Role::echo);
  }
}

Results Run::execute() {
  results_.start = sample();
  start_threads();
  if (options_.mode != Mode::churn) connect();
  if (has_load()) {
    measure();
    drain();
  } else {
    hold();
  }
  close_all();
  stop();
  return std::move(results_);
}

void Run::start_threads() {
  for (auto& loop : loops_) {
    behaviours_.push_back(make_behaviour(options_.mode, *loop, &loop == &loops_.back()));
    threads_.emplace_back([&loop = *loop, &behaviour = *behaviours_.back()] { loop.run(behaviour); });
  }
}

void Run::connect() {
  wait_until(connect_seconds_max,
             [&] { return shared_.sum(&Counters::opened) + shared_.sum(&Counters::failed) >= planned_; });
  results_.connected = sample();
  enter(Phase::settling);
  settle();
  results_.settled = sample();
}

// Until the server has rested for that long: that a poll is held, say, is told to nobody.
void Run::settle() {
  const Nanoseconds end = now() + from_seconds(settle_seconds_max);
  Nanoseconds used = 0;
  do {
    const Nanoseconds before = server_.cpu();
    wait_until(options_.settle, [] { return false; });
    used = server_.cpu() - before;
  } while (to_seconds(used) > resting_cores * options_.settle && now() < end);
}

void Run::hold() {
  // For scripts that go on once the connections stand.
  std::fprintf(stderr, "connected %llu\n", static_cast<unsigned long long>(results_.settled.opened));
  enter(Phase::measuring);
  results_.before = sample();
  wait_until(options_.hold, [] { return false; });
  results_.after = sample();
}

void Run::measure() {
  // Churn's connections open while the phase is `connecting`, and open each other again from then on.
  if (options_.mode != Mode::churn) enter(Phase::warming);
  wait_until(options_.warm, [] { return false; });
  enter(Phase::measuring);
  results_.before = sample();
  wait_until(options_.seconds, [] { return false; });
  results_.after = sample();
}

void Run::drain() {
  enter(Phase::draining);
  const std::uint64_t listeners = options_.clients;
  const auto received = [&] { return shared_.sum(&Counters::received); };
  std::uint64_t seen = received();
  Nanoseconds moved = now();
  const bool has_fan_out = options_.mode == Mode::fan_out || options_.mode == Mode::mixed;
  wait_until(connect_seconds_max, [&] {
    if (!has_fan_out || received() >= shared_.sum(&Counters::sent) * listeners) return true;
    if (received() != seen) moved = now();
    seen = received();
    return now() - moved > from_seconds(drain_seconds_max);
  });
  results_.drained = sample();
}

void Run::close_all() {
  results_.server_died = !server_.empty() && !server_.are_alive();
  enter(Phase::closing);
  if (options_.close_all) {
    wait_until(close_seconds_max, [&] {
      const auto gone = shared_.sum(&Counters::finished) + shared_.sum(&Counters::ended);
      return gone >= shared_.sum(&Counters::opened);
    });
    // The server needs a moment for the ends that it is told of.
    wait_until(std::max(2.0, options_.settle), [] { return false; });
  }
  results_.closed = sample();
}

void Run::stop() {
  enter(Phase::stopped);
  for (auto& thread : threads_) thread.join();
  threads_.clear();
  for (auto& loop : loops_) {
    const Seen& seen = loop->seen();
    results_.seen.merge(seen);
    const double share = seen.elapsed > 0 ? to_seconds(seen.cpu) / to_seconds(seen.elapsed) : 0;
    results_.generator_cores += share;
    results_.busiest_thread = std::max(results_.busiest_thread, share);
  }
  loops_.clear();
}

Sample Run::sample() const {
  return {.time = now(),
          .server_cpu = server_.cpu(),
          .rss_bytes = server_.rss_bytes(),
          .opened = shared_.sum(&Counters::opened),
          .failed = shared_.sum(&Counters::failed),
          .ended = shared_.sum(&Counters::ended),
          .sent = shared_.sum(&Counters::sent),
          .received = shared_.sum(&Counters::received),
          .echoed = shared_.sum(&Counters::echoed),
          .pongs = shared_.sum(&Counters::pongs)};
}

template <class Condition>
void Run::wait_until(double seconds_max, Condition&& condition) const {
  const Nanoseconds end = now() + from_seconds(seconds_max);
  for (Nanoseconds time = now(); time < end && !condition(); time = now()) {
    std::this_thread::sleep_for(std::chrono::nanoseconds(std::min<Nanoseconds>(end - time, 5'000'000)));
  }
}

}  // namespace sluice::bench
