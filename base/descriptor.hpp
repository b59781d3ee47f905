#pragma once
// Descriptor: an open file of ours, closed with it.

#include <unistd.h>

#include <utility>

namespace sluice::base {

class [[nodiscard]] Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(other.release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor() {
    if (number_ >= 0) close(number_);
  }

  // -1: none.
  int number() const { return number_; }
  explicit operator bool() const { return number_ >= 0; }
  // Gives it to the caller.
  int release() { return std::exchange(number_, -1); }

 private:
  int number_ = -1;
};

}  // namespace sluice::base
