#pragma once
// MemberCounts: how many members of a room each worker has, as the sequencer keeps it.

#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/assert.hpp"

namespace sluice::workers {

// Most small rooms have their members on one worker, and take no more memory for that.
class MemberCounts {
 public:
  std::uint64_t total() const { return total_; }
  std::uint64_t of(std::size_t worker) const {
    if (each_) return each_[worker];
    return worker == only_ ? total_ : 0;
  }
  void add(std::size_t worker, std::size_t workers) {
    if (!each_ && total_ > 0 && worker != only_) {
      each_ = std::make_unique<std::uint32_t[]>(workers);
      each_[only_] = total_;
    }
    if (each_) {
      ++each_[worker];
    } else {
      only_ = static_cast<std::uint16_t>(worker);
    }
    ++total_;
  }
  void remove(std::size_t worker) {
    SLUICE_ASSERT(of(worker) > 0);
    if (each_) --each_[worker];
    if (--total_ == 0) each_.reset();
  }

 private:
  std::unique_ptr<std::uint32_t[]> each_;  // by worker, once there are two
  std::uint32_t total_ = 0;
  std::uint16_t only_ = 0;  // the worker of all members, until then
};

}  // namespace sluice::workers
