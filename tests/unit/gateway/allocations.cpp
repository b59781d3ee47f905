#include "tests/unit/gateway/allocations.hpp"

#include <cstdlib>
#include <new>

namespace {

thread_local sluice::gateway::Allocations tally;

}  // namespace

namespace sluice::gateway {

Allocations allocations_of_this_thread() { return tally; }

}  // namespace sluice::gateway

void* operator new(std::size_t bytes) {
  ++tally.count;
  tally.bytes += bytes;
  if (void* const memory = std::malloc(bytes)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
