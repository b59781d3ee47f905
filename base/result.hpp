#pragma once
// What can fail and is not a programmer's mistake returns a Result: a value, or an Error that names what was wrong.

#include <string>
#include <utility>
#include <variant>

#include "base/error.hpp"

namespace sluice::base {

// Carries why a request could not be done. `detail` names the offending thing and what was expected, in one sentence
// fit to be shown to whoever asked; it never holds a secret.
struct Error {
  Errc code;
  std::string detail;
};

// Holds either a T or an Error; std::expected is C++23 and will be a change of this file alone.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  explicit operator bool() const { return state_.index() == 0; }
  bool has_value() const { return state_.index() == 0; }
  // Requires has_value().
  T& value() & { return std::get<0>(state_); }
  const T& value() const& { return std::get<0>(state_); }
  T&& value() && { return std::get<0>(std::move(state_)); }
  T& operator*() { return value(); }
  const T& operator*() const { return std::get<0>(state_); }
  T* operator->() { return &std::get<0>(state_); }
  const T* operator->() const { return &std::get<0>(state_); }
  // Requires !has_value().
  const Error& error() const { return std::get<1>(state_); }

 private:
  std::variant<T, Error> state_;
};

struct Nothing {};
using Status = Result<Nothing>;
inline Status ok() { return Nothing{}; }

inline Error fail(Errc code, std::string detail) { return Error{code, std::move(detail)}; }

}  // namespace sluice::base
