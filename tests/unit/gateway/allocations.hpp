#pragma once
// What the calling thread has allocated with operator new, which this test program replaces.

#include <cstddef>

namespace sluice::gateway {

struct Allocations {
  std::size_t count = 0;
  std::size_t bytes = 0;  // all that was asked for, whether it was freed or not
};
Allocations allocations_of_this_thread();

}  // namespace sluice::gateway
