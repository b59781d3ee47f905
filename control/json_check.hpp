#pragma once
// Whether a text is one JSON value.

#include <string_view>

namespace sluice::control {

inline constexpr std::size_t json_depth_max = 64;

// True if `text` is exactly one JSON value (RFC 8259), nested at most json_depth_max deep. Builds nothing.
bool is_json(std::string_view text);

}  // namespace sluice::control
