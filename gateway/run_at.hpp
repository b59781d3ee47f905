#pragma once
// How jobs go from one worker's wires to another's.

#include <utility>

#include "gateway/worker_context.hpp"
#include "workers/worker.hpp"

namespace sluice::gateway {

// Runs job(worker, context) on that worker's thread; at once if that is this one.
template <class Job>
void run_at(workers::Worker& here, WorkerContext& context, base::WorkerId worker, Job job) {
  if (here.id() == worker) return job(here, context);
  here.post(worker, [&contexts = context.contexts, job = std::move(job)](workers::Worker& there) mutable {
    job(there, contexts.context_of(there));
  });
}

}  // namespace sluice::gateway
