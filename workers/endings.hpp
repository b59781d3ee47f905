#pragma once
// Endings: the connections that are to end at the loop's next safe point. Whatever finds out that one must end, in the
// middle of a fan-out or inside its own handler, only notes it here; the worker performs it when nobody looks any more.

#include <cstdint>
#include <utility>
#include <vector>

#include "workers/connection.hpp"
#include "workers/ending.hpp"

namespace sluice::workers {

class Endings {
 public:
  struct Pending {
    std::uint32_t slot, generation;
    bool with_goodbye;
    Ending ending;
  };

  void add(std::uint32_t slot, std::uint32_t generation, bool with_goodbye, Ending ending) {
    pending_.push_back({slot, generation, with_goodbye, std::move(ending)});
  }
  bool is_empty() const { return pending_.empty(); }
  std::vector<Pending> take() { return std::exchange(pending_, {}); }

 private:
  std::vector<Pending> pending_;
};

}  // namespace sluice::workers
