#pragma once
// Turns what a run found out into the object that it prints. The fields are described in bench/README.md.

#include "bench/load/json_object.hpp"
#include "bench/load/options.hpp"
#include "bench/load/run.hpp"

namespace sluice::bench {

JsonObject report(const Options& options, const Results& results);

}  // namespace sluice::bench
