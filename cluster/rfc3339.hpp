#pragma once
// Times as NATS servers write them (RFC 3339), to the nanosecond. Pure.

#include <chrono>
#include <optional>
#include <string_view>

namespace sluice::cluster {

using SystemTime = std::chrono::sys_time<std::chrono::nanoseconds>;

// Takes 2026-01-31T23:59:59.123456789Z, with a fraction or none, and +01:00 in the place of Z. Years 1970 to 2261.
std::optional<SystemTime> parse_rfc3339(std::string_view text);

}  // namespace sluice::cluster
