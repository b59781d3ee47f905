#pragma once
// MemoryTrim: gives memory back to the system after a crowd of connections has left. glibc keeps what its arenas have,
// which after a storm of TLS connections is a hundred times what is still in use.

#include <malloc.h>

#include <algorithm>
#include <cstdint>

namespace sluice::program {

class MemoryTrim {
 public:
  // Told now and then how many connections there are. Any one thread; takes milliseconds when it trims.
  void look(std::uint64_t connections) {
    const bool is_falling = connections < last_;
    last_ = connections;
    peak_ = std::max(peak_, connections);
    if (is_falling || peak_ - connections < crowd) return;
    malloc_trim(0);
    peak_ = connections;
  }

 private:
  static constexpr std::uint64_t crowd = 1000;
  std::uint64_t last_ = 0, peak_ = 0;
};

}  // namespace sluice::program
