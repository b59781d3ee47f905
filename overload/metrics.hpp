#pragma once
// What can be watched of overload. Written by the thread that looks (workers/overload_watch), read by scrapes. What its
// actions did to clients is counted by workers (workers/metrics.hpp).

#include <array>

#include "base/cell.hpp"
#include "overload/actions.hpp"
#include "overload/resources.hpp"

namespace sluice::overload {

struct Metrics {
  std::array<base::Cell, resource_names.size()> pressure_permille;
  std::array<base::Cell, action_names.size()> degree_permille;
  std::array<base::Cell, action_names.size()> begun;  // times that the action did
  base::Cell memory_bytes, memory_limit_bytes;        // the latter 0: nobody set a limit

  // `visitor` has permille(...), counter(...) with a label, and gauge(...), as in workers::Metrics::describe.
  template <class Visitor>
  void describe(Visitor& v) const {
    v.permille("sluice_overload_pressure", pressure_permille, "resource", resource_names,
               "Share of something that is used; 1 is all. Memory without any limit has none.");
    v.permille("sluice_overload_action", degree_permille, "action", action_names,
               "By how much an action against overload is taken: 0 not at all, 1 fully.");
    v.counter("sluice_overload_actions_total", begun, "action", action_names,
              "Times that an action against overload began.");
    v.gauge("sluice_overload_memory_bytes", memory_bytes,
            "Memory in use: the cgroup's, or, with memory-max, the process's and its clients' sockets'.");
    v.gauge("sluice_overload_memory_limit_bytes", memory_limit_bytes,
            "Bound of sluice_overload_memory_bytes: memory-max, or the cgroup's; 0 without any.");
  }
};

}  // namespace sluice::overload
