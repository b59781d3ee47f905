#pragma once
// Verdicts: the clients of one worker of whom a backend is asked whether they may come in. Belongs to that worker.

#include <cstdint>
#include <functional>

#include "base/clock.hpp"
#include "gateway/awaited.hpp"
#include "workers/backend.hpp"

namespace sluice::workers {
class Connection;
class Worker;
}  // namespace sluice::workers

namespace sluice::gateway {

class Verdicts {
 public:
  // Gets the verdict, or null if none came in time. The connection may be gone by then.
  using Then = std::function<void(workers::Worker&, const workers::Verdict*)>;

  explicit Verdicts(base::Duration patience) : waiting_(patience) {}

  // False, and `then` is dropped, if nobody is there to say.
  [[nodiscard]] bool ask(workers::Worker& worker, const workers::Connection& connection,
                         workers::VerdictQuestion question, Then then);
  // False if nobody waits for it.
  bool take(workers::Worker& worker, std::uint64_t number, const workers::Verdict& verdict);
  // Once a second.
  void expire(workers::Worker& worker);

 private:
  Awaited<Then> waiting_;
};

}  // namespace sluice::gateway
