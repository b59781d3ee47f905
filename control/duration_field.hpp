#pragma once
// Durations in requests.

#include <google/protobuf/duration.pb.h>

#include <chrono>
#include <string>
#include <string_view>

#include "control/translator.hpp"

namespace sluice::control {

// Writes `given`, if it is set, in milliseconds to `out`; says what is wrong if it is not from `least` to `most`.
inline Problem duration_of(std::string_view field, const google::protobuf::Duration* given,
                           std::chrono::milliseconds least, std::chrono::milliseconds most,
                           std::chrono::milliseconds& out) {
  if (given == nullptr) return {};
  constexpr std::int64_t seconds_max = 1'000'000;  // keeps the sum below from overflowing
  const bool is_sane = given->seconds() >= 0 && given->seconds() <= seconds_max && given->nanos() >= 0;
  out = std::chrono::milliseconds(is_sane ? given->seconds() * 1000 + given->nanos() / 1'000'000 : -1);
  if (out >= least && out <= most) return {};
  const auto text = [](std::chrono::milliseconds value) { return std::to_string(value.count()) + " ms"; };
  return misfit(std::string(field), "from " + text(least) + " to " + text(most));
}

}  // namespace sluice::control
