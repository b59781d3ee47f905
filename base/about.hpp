#pragma once
// about(): an error with what it is about before it, such as an option's flag or a place in a file.

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace sluice::base {

inline Error about(std::string_view what, const Error& error) {
  return fail(error.code, std::string(what) + ": " + error.detail);
}

}  // namespace sluice::base
