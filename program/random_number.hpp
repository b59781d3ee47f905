#pragma once
// Random numbers that nobody can guess, from the kernel.

#include <sys/random.h>

#include <cerrno>
#include <concepts>
#include <system_error>

namespace sluice::program {

// Throws std::system_error if the kernel gives none.
template <std::unsigned_integral T>
T random_number() {
  T number{};
  if (getrandom(&number, sizeof number, 0) != static_cast<ssize_t>(sizeof number)) {
    throw std::system_error(errno, std::generic_category(), "getrandom");
  }
  return number;
}

}  // namespace sluice::program
