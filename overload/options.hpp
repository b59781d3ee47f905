#pragma once
// What can be set about overload.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::overload {

struct Options {
  static constexpr std::string_view section = "Overload";

  bool overload_actions = true;
  std::size_t memory_max = 0;
  std::uint32_t overload_percent_min = 75;
  std::chrono::milliseconds loop_lag_ms_max{1'000};

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.option(
        "overload-actions", overload_actions,
        {.sentence = "Do with less when memory, queues, time or files run short: read the loudest clients "
                     "less, wait for shorter, drop volatile messages, refuse new clients, close the slowest; "
                     "without it, metrics tell of the pressure alone."});
    visitor.option(
        "memory-max", memory_max,
        {.unit = "bytes",
         .max = 1ULL << 44,
         .sentence = "Memory that the process and its clients' sockets may have together, at least 1MiB; 0: as the "
                     "cgroup's limit has it, if there is one."});
    visitor.option("overload-percent-min", overload_percent_min,
                   {.unit = "percent",
                    .min = 10,
                    .max = 94,
                    .sentence = "What share of something has to be used for the first action to begin; the others "
                                "follow evenly on the way to 95 percent."});
    visitor.option("loop-lag-ms-max", loop_lag_ms_max,
                   {.unit = "milliseconds",
                    .min = 10,
                    .max = 60'000,
                    .sentence = "How late a worker may be before it counts as having no time left."});
  }

  // A number without a unit is one of bytes, which is not what whoever writes 64 means.
  std::vector<std::string> validate() const {
    constexpr std::size_t least = std::size_t{1} << 20;
    if (memory_max == 0 || memory_max >= least) return {};
    return {"--memory-max: " + std::to_string(memory_max) + " bytes: 0 or at least 1MiB was expected"};
  }
};

}  // namespace sluice::overload
