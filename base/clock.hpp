#pragma once
// Time as the gateway uses it. A worker reads the clock once a turn and hands the value on.

#include <chrono>
#include <functional>

namespace sluice::base {

using Clock = std::chrono::steady_clock;
using TimePoint = Clock::time_point;
using Duration = Clock::duration;

}  // namespace sluice::base
