#pragma once
// Contexts: whose WorkerContext is whose.

namespace sluice::workers {
class Worker;
}  // namespace sluice::workers

namespace sluice::gateway {

struct WorkerContext;

class Contexts {
 public:
  virtual ~Contexts() = default;
  // On the thread of `worker`.
  virtual WorkerContext& context_of(workers::Worker& worker) = 0;
};

}  // namespace sluice::gateway
