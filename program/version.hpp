#pragma once
// The version, as the root CMakeLists.txt says it.

#include <string_view>

namespace sluice::program {

extern const std::string_view version;

}  // namespace sluice::program
