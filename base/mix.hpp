#pragma once
// mix(): spreads what differs in few bits over all of them, and is always the same (from MurmurHash3's finalizer).

#include <cstdint>

namespace sluice::base {

constexpr std::uint64_t mix(std::uint64_t value) {
  value = (value ^ value >> 33) * 0xff51afd7ed558ccdULL;
  return (value ^ value >> 33) * 0xc4ceb9fe1a85ec53ULL;
}

}  // namespace sluice::base
