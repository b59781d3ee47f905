#include "workers/overload_watch.hpp"

#include <malloc.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <exception>
#include <system_error>
#include <utility>

#include "base/log.hpp"
#include "workers/worker.hpp"

namespace sluice::workers {
namespace {

using overload::Action;
using overload::Grading;
using overload::Resource;

constexpr base::Duration look_every = std::chrono::milliseconds(100);
// Once anything is near its end, which memory can come to within a second.
constexpr base::Duration look_closely_every = std::chrono::milliseconds(25);
constexpr double near = 0.1;  // below the first action's beginning
constexpr base::Duration trim_again_min = std::chrono::seconds(1), trim_again_max = std::chrono::minutes(1);
// A trim that frees less than this share was for nothing.
constexpr double trimmed_min = 0.01;
// Of the lag, the share that is this moment's: one late turn is no overload.
constexpr double lag_weight = 0.3;

std::uint64_t permille(double share) { return static_cast<std::uint64_t>(std::lround(std::max(share, 0.0) * 1000)); }

}  // namespace

OverloadWatch::OverloadWatch(Parts parts)
    : parts_(std::move(parts)),
      memory_(parts_.options.memory_max),
      grading_(parts_.options.overload_percent_min / 100.0),
      asked_(parts_.mailboxes.size()),
      stop_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (stop_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
  thread_ = std::thread([this] { run(); });
}

OverloadWatch::~OverloadWatch() {
  const std::uint64_t one = 1;
  while (write(stop_, &one, sizeof one) < 0 && errno == EINTR) continue;
  thread_.join();
  close(stop_);
}

void OverloadWatch::run() {
  while (!is_stopped_within(is_near_ ? look_closely_every : look_every)) {
    try {
      look(base::Clock::now());
    } catch (const std::exception& error) {
      // Memory may be so short that there is none to look with.
      base::log_error("overload_look_failed", {{"why", error.what()}});
    }
  }
}

bool OverloadWatch::is_stopped_within(base::Duration wait) const {
  pollfd stop{stop_, POLLIN, 0};
  return poll(&stop, 1, static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(wait).count())) > 0;
}

void OverloadWatch::look(base::TimePoint now) {
  const overload::Pressures pressures = measure(now);
  for (std::size_t at = 0; at < pressures.size(); ++at)
    parts_.metrics.pressure_permille[at].set(permille(pressures[at]));
  if (parts_.options.overload_actions) {
    trim_memory(pressures[static_cast<std::size_t>(Resource::memory)], now);
    act(pressures, now);
  }
  is_near_ = grading_.is_any_on() || std::ranges::max(pressures) >= grading_.range_of(Action::pause_reads).begin - near;
  ask_workers();
}

overload::Pressures OverloadWatch::measure(base::TimePoint now) {
  std::uint64_t socket_bytes = 0;
  for (const Metrics* const one : parts_.workers) socket_bytes += one->socket_bytes.read();
  auto memory = memory_.read(socket_bytes);
  // A file that cannot be opened for now, as there are too many, is no limit that has gone.
  if (memory.limit == 0 && last_memory_.limit != 0) memory = last_memory_;
  last_memory_ = memory;
  parts_.metrics.memory_bytes.set(memory.used);
  parts_.metrics.memory_limit_bytes.set(memory.limit);
  const double queued = static_cast<double>(parts_.queued.used()) / static_cast<double>(parts_.queued.bytes_max());
  return {memory.pressure(), queued, lag_pressure(), descriptors_.pressure(now)};
}

// How late the latest worker was to do what it was asked, or is by now.
double OverloadWatch::lag_pressure() {
  const base::TimePoint now = base::Clock::now();
  base::Duration worst{};
  for (std::size_t at = 0; at < asked_.size(); ++at) {
    const Metrics& worker = *parts_.workers[at];
    const bool has_answered = worker.relief_turns.read() >= asked_[at].times;
    const base::Duration lag = has_answered ? std::chrono::microseconds(worker.relief_lag_microseconds.read())
                                            : base::Duration(now - asked_[at].at);
    worst = std::max(worst, lag);
  }
  const double pressure = std::chrono::duration<double>(worst) / parts_.options.loop_lag_ms_max;
  lag_ += lag_weight * (std::min(pressure, 2.0) - lag_);
  return lag_;
}

// One that has not answered is not asked again: no more than one job of ours is in its mailbox.
void OverloadWatch::ask_workers() {
  const bool measures_sockets = parts_.options.memory_max != 0;
  for (std::size_t at = 0; at < asked_.size(); ++at) {
    if (parts_.workers[at]->relief_turns.read() < asked_[at].times) continue;
    ++asked_[at].times;
    const base::TimePoint now = base::Clock::now();
    asked_[at].at = now;
    parts_.mailboxes[at]->force([now, measures_sockets](Worker& worker) { worker.relieve(now, measures_sockets); });
  }
}

// Before clients are hurt, what malloc keeps for later goes back to the system; that costs milliseconds, and is done
// less often the less it brings.
void OverloadWatch::trim_memory(double pressure, base::TimePoint now) {
  if (pressure < grading_.range_of(Action::pause_reads).begin - Grading::margin || now < trim_at_) return;
  const auto before = memory_.read(0).used;
  malloc_trim(0);
  const bool has_helped = static_cast<double>(memory_.read(0).used) < (1 - trimmed_min) * static_cast<double>(before);
  trim_again_ = has_helped ? trim_again_min : std::min(trim_again_ * 2, trim_again_max);
  trim_at_ = now + trim_again_;
}

void OverloadWatch::act(const overload::Pressures& pressures, base::TimePoint now) {
  const auto change = grading_.take(pressures, now);
  for (std::size_t at = 0; at < overload::action_count; ++at) {
    const auto action = static_cast<Action>(at);
    parts_.relief.set(action, grading_.permille(action));
    parts_.metrics.degree_permille[at].set(grading_.permille(action));
  }
  if (change) log(*change, now);
}

void OverloadWatch::log(const Grading::Change& change, base::TimePoint now) {
  const auto at = static_cast<std::size_t>(change.action);
  const auto percent = static_cast<std::int64_t>(std::lround(change.pressure * 100));
  if (change.has_begun) {
    begun_[at] = now;
    parts_.metrics.begun[at].add();
    base::log_warning("overload_action_began",
                      {{"action", name_of(change.action)}, {"short", name_of(change.resource)}, {"percent", percent}});
    return;
  }
  const auto lasted = std::chrono::duration_cast<std::chrono::milliseconds>(now - begun_[at]);
  base::log_info("overload_action_ended", {{"action", name_of(change.action)},
                                           {"short", name_of(change.resource)},
                                           {"percent", percent},
                                           {"lasted_ms", lasted.count()}});
}

}  // namespace sluice::workers
