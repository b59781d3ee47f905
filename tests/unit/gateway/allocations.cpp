#include "tests/unit/gateway/allocations.hpp"

#include <cstdlib>
#include <new>

namespace {

thread_local sluice::gateway::Allocations tally;

}  // namespace

namespace sluice::gateway {

Allocations allocations_of_this_thread() { return tally; }

}  // namespace sluice::gateway

void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
  ++tally.count;
  tally.bytes += bytes;
  return std::malloc(bytes);
}
void* operator new(std::size_t bytes) {
  if (void* const memory = operator new(bytes, std::nothrow)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
