#pragma once
// DescriptorReader: how many files the process has open, of how many it may. Belongs to one thread.

#include "base/clock.hpp"

namespace sluice::overload {

class DescriptorReader {
 public:
  // The share that is used. Kernels before 6.2 do not tell the count at once; there it is counted, once a second.
  double pressure(base::TimePoint now);

 private:
  double last_ = 0;
  base::TimePoint counted_at_{};
};

}  // namespace sluice::overload
