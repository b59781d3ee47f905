#pragma once
// Tally: what came of the calls of a run. Calls end on gRPC's threads; one lock, held for a few instructions a call,
// costs nothing beside a call.

#include <cstdint>
#include <functional>
#include <mutex>
#include <string>

#include "bench/grpc/options.hpp"
#include "bench/load/histogram.hpp"
#include "bench/load/json_object.hpp"
#include "bench/load/process_figures.hpp"

namespace sluice::bench::grpc_load {

class Tally {
 public:
  // `messages` were answered, `took` after they were sent.
  void answered(std::uint64_t messages, Nanoseconds took);
  void failed(const std::string& problem);

  struct Counts {
    std::uint64_t answers = 0, messages = 0, failed = 0;
  };
  Counts counts() const;
  // Begins to measure anew.
  void reset();
  Histogram latency() const;

 private:
  mutable std::mutex mutex_;
  Counts counts_;
  Histogram latency_;
};

// Waits for the warm-up and the measured seconds while calls are under way; `stop` is then to end them. Gives the
// object to print.
JsonObject measure(const Options& options, Tally& tally, const std::function<void()>& stop);

}  // namespace sluice::bench::grpc_load
