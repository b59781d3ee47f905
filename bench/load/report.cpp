#include "bench/load/report.hpp"

#include <algorithm>
#include <array>

namespace sluice::bench {

namespace {

constexpr std::array<std::string_view, 5> mode_names{"fan-out", "echo", "idle", "churn", "mixed"};

double per(double amount, std::uint64_t count) { return count > 0 ? amount / static_cast<double>(count) : 0; }

double cpu_us(const Sample& from, const Sample& to) {
  return to.server_cpu > from.server_cpu ? static_cast<double>(to.server_cpu - from.server_cpu) / 1e3 : 0;
}

double seconds_between(const Sample& from, const Sample& to) { return to_seconds(to.time - from.time); }

JsonObject times(const Histogram& histogram) {
  JsonObject object;
  object.add("count", histogram.count())
      .add("p50", histogram.quantile_us(0.5))
      .add("p90", histogram.quantile_us(0.9))
      .add("p99", histogram.quantile_us(0.99))
      .add("p999", histogram.quantile_us(0.999))
      .add("max", histogram.max_us());
  return object;
}

void add_fan_out(JsonObject& object, const Options& options, const Results& results) {
  const Sample &from = results.before, &to = results.after;
  const double seconds = seconds_between(from, to);
  const std::uint64_t received = to.received - from.received;
  const std::uint64_t expected = results.drained.sent * options.clients;
  object.add("messages_per_s", static_cast<double>(to.sent - from.sent) / seconds)
      .add("deliveries_per_s", static_cast<double>(received) / seconds)
      .add("server_cpu_us_per_delivery", per(cpu_us(from, to), received))
      .add("undelivered", expected - std::min(expected, results.drained.received))
      .add("latency_us", times(results.seen.latency));
}

void add_echo(JsonObject& object, const Options& options, const Results& results) {
  const Sample &from = results.before, &to = results.after;
  const std::uint64_t echoed = to.echoed - from.echoed;
  object.add("echoes_per_s", static_cast<double>(echoed) / seconds_between(from, to))
      .add("echo_latency_us", times(results.seen.echo_latency));
  // Beside a fan-out nobody can tell which of the CPU time was the echoes'.
  if (options.mode == Mode::echo) object.add("server_cpu_us_per_echo", per(cpu_us(from, to), echoed));
}

void add_connects(JsonObject& object, const Options& options, const Results& results) {
  const std::uint64_t open = results.settled.opened - results.settled.ended;
  const double grown = static_cast<double>(results.settled.rss_bytes) - static_cast<double>(results.start.rss_bytes);
  object.add("connects_per_s", static_cast<double>(open) / seconds_between(results.start, results.connected))
      .add("server_cpu_us_per_connect", per(cpu_us(results.start, results.connected), open))
      .add("rss_bytes_at_start", results.start.rss_bytes)
      .add("rss_bytes_connected", results.settled.rss_bytes)
      .add("rss_bytes_per_connection", per(grown, open));
  if (options.close_all) object.add("rss_bytes_after_close", results.closed.rss_bytes);
}

void add_idle(JsonObject& object, const Results& results) {
  const Sample &from = results.before, &to = results.after;
  const double seconds = seconds_between(from, to);
  const double connection_seconds = static_cast<double>(from.opened - from.ended) * seconds;
  object.add("held_s", seconds)
      .add("pings", to.pongs - from.pongs)
      .add("server_cpu_us_per_connection_s", connection_seconds > 0 ? cpu_us(from, to) / connection_seconds : 0);
}

void add_churn(JsonObject& object, const Results& results) {
  const Sample &from = results.before, &to = results.after;
  const std::uint64_t opened = to.opened - from.opened;
  object.add("connections_per_s", static_cast<double>(opened) / seconds_between(from, to))
      .add("server_cpu_us_per_connection", per(cpu_us(from, to), opened));
}

// True if the figures say more about the generator than about the server: it was late with what it had to send at a
// time, or it was busy all the while and the server was not.
bool is_generator_the_limit(const Options& options, const Results& results, double server_cores) {
  constexpr double late_us = 2000, late_share = 0.05, busy = 0.95;
  if (options.mode == Mode::idle) return false;
  const bool has_rate = options.rate > 0 || options.echo_rate > 0;
  const double allowed_us = std::max(late_us, late_share * results.seen.latency.quantile_us(0.99));
  if (has_rate) return results.seen.send_lag.quantile_us(0.99) > allowed_us;
  return results.busiest_thread > busy && server_cores < busy;
}

JsonObject generator(const Options& options, const Results& results, double server_cores) {
  JsonObject object;
  object.add("threads", options.threads)
      .add("cores", results.generator_cores)
      .add("busiest_thread", results.busiest_thread)
      .add("send_lag_us", times(results.seen.send_lag))
      .add("turn_us", times(results.seen.turn))
      .add("is_the_limit", is_generator_the_limit(options, results, server_cores));
  return object;
}

}  // namespace

JsonObject report(const Options& options, const Results& results) {
  const double server_cores =
      cpu_us(results.before, results.after) / 1e6 / std::max(1e-9, seconds_between(results.before, results.after));
  JsonObject object;
  object.add("mode", mode_names[static_cast<std::size_t>(options.mode)])
      .add("clients", options.clients)
      .add("size", options.size)
      .add("failed", results.closed.failed)
      .add("closed", results.drained.time != 0 ? results.drained.ended : results.after.ended)
      .add("server_died", results.server_died)
      .add("seconds", seconds_between(results.before, results.after));
  if (options.mode != Mode::churn) add_connects(object, options, results);
  if (options.mode == Mode::fan_out || options.mode == Mode::mixed) add_fan_out(object, options, results);
  if (options.mode == Mode::echo || options.mode == Mode::mixed) add_echo(object, options, results);
  if (options.mode == Mode::idle) add_idle(object, results);
  if (options.mode == Mode::churn) add_churn(object, results);
  return object.add("connect_us", times(results.seen.connecting))
      .add("server_cores", server_cores)
      .add("generator", generator(options, results, server_cores));
}

}  // namespace sluice::bench
