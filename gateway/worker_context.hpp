#pragma once
// WorkerContext: what all of one worker's wires share. Belongs to that worker once it runs.

#include <string>

#include "gateway/deflater.hpp"
#include "gateway/inflater.hpp"
#include "gateway/namespaces.hpp"
#include "gateway/options.hpp"
#include "workers/metrics.hpp"

namespace sluice::gateway {

struct WorkerContext {
  // All outlive this. `metrics` are the worker's.
  WorkerContext(const Options& options_of, const Namespaces& namespaces_of, workers::Metrics& metrics_of)
      : options(options_of),
        namespaces(namespaces_of),
        metrics(metrics_of),
        deflater(static_cast<int>(options_of.compression_level)) {}

  const Options& options;
  const Namespaces& namespaces;
  workers::Metrics& metrics;
  SharedDeflater deflater;                                      // for messages that stand alone
  Inflater inflater{rfc7692::window_bits_max, Context::fresh};  // likewise
  std::string inflated, deflated;                               // scratch of one call, kept for its memory
};

}  // namespace sluice::gateway
