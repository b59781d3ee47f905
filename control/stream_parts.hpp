#pragma once
// What a streaming call needs. All of it outlives the call.

#include <cstddef>

namespace sluice::control {

class Calls;
class Executor;
struct Metrics;

struct StreamParts {
  Calls& calls;
  Metrics& metrics;
  Executor& executor;
  std::size_t message_bytes_max;  // of one request
};

}  // namespace sluice::control
