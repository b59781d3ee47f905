#include "bench/grpc/tally.hpp"

#include <chrono>
#include <cstdio>
#include <ctime>
#include <thread>

namespace sluice::bench::grpc_load {

void Tally::answered(std::uint64_t messages, Nanoseconds took) {
  const std::lock_guard lock(mutex_);
  ++counts_.answers;
  counts_.messages += messages;
  latency_.add(took);
}

void Tally::failed(const std::string& problem) {
  const std::lock_guard lock(mutex_);
  if (++counts_.failed <= 3) std::fprintf(stderr, "sluice-bench-grpc: %s\n", problem.c_str());
}

Tally::Counts Tally::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

void Tally::reset() {
  const std::lock_guard lock(mutex_);
  counts_ = Counts();
  latency_.clear();
}

Histogram Tally::latency() const {
  const std::lock_guard lock(mutex_);
  return latency_;
}

namespace {

void rest(double seconds) { std::this_thread::sleep_for(std::chrono::duration<double>(seconds)); }

}  // namespace

JsonObject measure(const Options& options, Tally& tally, const std::function<void()>& stop) {
  const ProcessFigures server(options.pids);
  rest(options.warm);
  tally.reset();
  const Nanoseconds began = now(), cpu = server.cpu(), own_cpu = read_clock(CLOCK_PROCESS_CPUTIME_ID);
  rest(options.seconds);
  const Tally::Counts counts = tally.counts();
  const double seconds = to_seconds(now() - began);
  const double server_seconds = to_seconds(server.cpu() - cpu);
  const double own_seconds = to_seconds(read_clock(CLOCK_PROCESS_CPUTIME_ID) - own_cpu);
  const Histogram latency = tally.latency();
  stop();
  const auto messages = static_cast<double>(counts.messages);
  JsonObject times;
  times.add("p50", latency.quantile_us(0.5)).add("p99", latency.quantile_us(0.99)).add("max", latency.max_us());
  return JsonObject()
      .add("in_flight", options.in_flight)
      .add("per_item", options.per_item)
      .add("size", options.size)
      .add("failed", counts.failed)
      .add("seconds", seconds)
      .add("answers_per_s", static_cast<double>(counts.answers) / seconds)
      .add("messages_per_s", messages / seconds)
      .add("server_cpu_us_per_message", messages > 0 ? server_seconds * 1e6 / messages : 0)
      .add("server_cores", server_seconds / seconds)
      .add("generator_cores", own_seconds / seconds)
      .add("latency_us", times);
}

}  // namespace sluice::bench::grpc_load
