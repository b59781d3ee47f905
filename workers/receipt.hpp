#pragma once
// Receipt: what a publisher learns of its message.

#include <cstdint>

#include "base/ids.hpp"

namespace sluice::workers {

struct Receipt {
  base::Position position;
  std::uint64_t matched = 0;  // connections of this node that were in the target when the message got its place
  bool is_exact = true;       // false: `matched` is an upper bound (unions, exceptions, single connections)
};

}  // namespace sluice::workers
