#pragma once
// Failure: why a call, or one message of it, could not be done, with all that its caller is told; and Outcome, a value
// or a Failure.

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "base/result.hpp"
#include "sluice/v1/errors.pb.h"

namespace sluice::control {

// See proto/sluice/v1/errors.proto for the meaning of each part.
struct Failure {
  base::Errc code = base::Errc::internal;
  std::string message;  // one sentence for people, without a secret
  std::string field = {};
  std::string expected = {};
  std::string limit_option = {};
  std::uint64_t limit_max = 0;
  std::string limit_unit = {};  // empty: no limit was met
  std::optional<std::chrono::milliseconds> retry_after = {};

  int grpc_status() const { return base::row_of(code).grpc_status; }
};

// `field` is not what was expected.
Failure misfit(std::string field, std::string expected);
// `field` is over a limit; `option` is empty if that cannot be set.
Failure over_limit(base::Errc code, std::string field, std::string_view option, std::uint64_t max,
                   std::string_view unit);
// The gateway cannot do it now; the same request may succeed after `retry_after`.
Failure try_again(base::Errc code, std::string message, std::chrono::milliseconds retry_after);
// Puts `prefix`, such as "messages[3].", before the field that failed and before the message, which begins with it.
Failure inside(std::string_view prefix, Failure failure);
Failure failure_of(const base::Error& error);

v1::ErrorDetail detail_of(const Failure& failure);
v1::Error error_of(const Failure& failure);
// The bytes of the trailing metadata grpc-status-details-bin.
std::string status_details(const Failure& failure);

template <class T>
class [[nodiscard]] Outcome {
 public:
  Outcome(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Outcome(Failure failure) : state_(std::in_place_index<1>, std::move(failure)) {}

  explicit operator bool() const { return state_.index() == 0; }
  T& operator*() { return std::get<0>(state_); }
  const T& operator*() const { return std::get<0>(state_); }
  T* operator->() { return &std::get<0>(state_); }
  const T* operator->() const { return &std::get<0>(state_); }
  Failure& failure() { return std::get<1>(state_); }
  const Failure& failure() const { return std::get<1>(state_); }

 private:
  std::variant<T, Failure> state_;
};

// Takes a call's outcome, exactly once, on any thread.
template <class T>
using Answer = std::function<void(Outcome<T>)>;

}  // namespace sluice::control
