#pragma once
// OwnerThread: remembers the thread that an object belongs to and checks it on entry.

#include <thread>

#include "base/assert.hpp"

namespace sluice::base {

class OwnerThread {
 public:
  // Makes the calling thread the owner; called once, by the thread that will own the object.
  void take() { owner_ = std::this_thread::get_id(); }
  // Asserts that the caller is the owner, or that there is no owner yet (the object is still being built).
  void check() const { SLUICE_ASSERT(owner_ == std::thread::id{} || owner_ == std::this_thread::get_id()); }

 private:
  std::thread::id owner_;
};

}  // namespace sluice::base
