#pragma once
// SLUICE_ASSERT: what cannot happen. Always on; never asked of bytes from a peer.

#include <cstdio>
#include <cstdlib>

#define SLUICE_ASSERT(condition)                                                                      \
  do {                                                                                                \
    if (!(condition)) [[unlikely]] {                                                                  \
      std::fprintf(stderr, "sluice: broken invariant: %s (%s:%d)\n", #condition, __FILE__, __LINE__); \
      std::abort();                                                                                   \
    }                                                                                                 \
  } while (false)
