#pragma once
// What can be watched of the calls. Counted by gRPC's threads and control's own, a few thousand times a second at most:
// shared cells, unlike a worker's.

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "base/cell.hpp"
#include "control/method.hpp"

namespace sluice::control {

// Holds one number that any thread may change.
class SharedCell {
 public:
  void add(std::uint64_t n = 1) { value_.fetch_add(n, std::memory_order_relaxed); }
  void subtract(std::uint64_t n = 1) { value_.fetch_sub(n, std::memory_order_relaxed); }
  void set(std::uint64_t value) { value_.store(value, std::memory_order_relaxed); }
  std::uint64_t read() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

// The same buckets as base::LatencyCell, for any thread.
class SharedLatencyCell {
 public:
  void observe(std::chrono::nanoseconds took) {
    const double seconds = std::chrono::duration<double>(took).count();
    const auto at = std::lower_bound(base::latency_bounds.begin(), base::latency_bounds.end(), seconds) -
                    base::latency_bounds.begin();
    counts_[static_cast<std::size_t>(at)].add();
    nanoseconds_.add(static_cast<std::uint64_t>(std::max<std::int64_t>(took.count(), 0)));
  }
  std::uint64_t count(std::size_t at) const { return counts_[at].read(); }
  double sum_seconds() const { return static_cast<double>(nanoseconds_.read()) / 1e9; }

 private:
  std::array<SharedCell, base::latency_bounds.size() + 1> counts_;
  SharedCell nanoseconds_;
};

// What became of a message that a call wanted to publish.
enum class Published : std::uint8_t { accepted, repeated, refused, exhausted, unavailable };
inline constexpr std::array<std::string_view, 5> published_names{"accepted", "repeated", "refused", "exhausted",
                                                                 "unavailable"};

// What became of the options that were read again.
enum class Reload : std::uint8_t { taken, refused };
inline constexpr std::array<std::string_view, 2> reload_names{"taken", "refused"};

struct Metrics {
  std::array<std::array<SharedCell, status_names.size()>, method_names.size()> calls;  // by method, then status
  std::array<SharedLatencyCell, method_names.size()> call_duration;
  std::array<SharedCell, method_names.size()> calls_in_progress;
  std::array<SharedCell, published_names.size()> published;
  std::array<SharedCell, reload_names.size()> reloads;
  SharedCell options_refused;  // 1: the last time that they were read

  void call_began(Method method) { calls_in_progress[static_cast<std::size_t>(method)].add(); }
  // `status` is gRPC's by number.
  void call_ended(Method method, int status, std::chrono::nanoseconds took) {
    const auto at = static_cast<std::size_t>(method);
    calls_in_progress[at].subtract();
    calls[at][static_cast<std::size_t>(status) < status_names.size() ? static_cast<std::size_t>(status) : 2].add();
    call_duration[at].observe(took);
  }
  void message_published(Published what) { published[static_cast<std::size_t>(what)].add(); }

  void options_read(bool is_taken) {
    reloads[static_cast<std::size_t>(is_taken ? Reload::taken : Reload::refused)].add();
    options_refused.set(is_taken ? 0 : 1);
  }

  // As workers::Metrics::describe; a call's metrics have two labels.
  template <class Visitor>
  void describe(Visitor& v) const {
    v.counter("sluice_calls_total", calls, "method", method_names, "status", status_names,
              "Calls that ended, by gRPC and as JSON, by method and status.");
    v.histogram("sluice_call_seconds", call_duration, "method", method_names, "Duration of calls, streams included.");
    v.gauge("sluice_calls_in_progress", calls_in_progress, "method", method_names, "Calls under way now.");
    v.counter(
        "sluice_published_messages_total", published, "outcome", published_names,
        "Messages in Publish, PublishBatch and PublishStream; repeated ones had an idempotency key that was known.");
    v.counter("sluice_reloads_total", reloads, "outcome", reload_names,
              "Times that the options were read again, by SIGHUP or as their file had changed.");
  }
};

}  // namespace sluice::control
