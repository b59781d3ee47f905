#pragma once
// Verdicts: the clients of one worker of whom a backend is asked whether they may come in. Belongs to that worker.

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>

#include "base/clock.hpp"
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

  explicit Verdicts(base::Duration patience) : patience_(patience) {}

  // False, and `then` is dropped, if nobody is there to say.
  [[nodiscard]] bool ask(workers::Worker& worker, const workers::Connection& connection,
                         workers::VerdictQuestion question, Then then);
  // False if nobody waits for it.
  bool take(workers::Worker& worker, std::uint64_t number, const workers::Verdict& verdict);
  // Once a second.
  void expire(workers::Worker& worker);

 private:
  struct Due {
    base::TimePoint at;
    std::uint64_t number;
  };
  const base::Duration patience_;
  std::uint64_t last_number_ = 0;
  boost::unordered_flat_map<std::uint64_t, Then> waiting_;
  std::deque<Due> due_;  // in the order in which they were asked
};

}  // namespace sluice::gateway
