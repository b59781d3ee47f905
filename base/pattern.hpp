#pragma once
// Patterns for names: each * stands for any run of bytes, also none; everything else for itself.

#include <string_view>

namespace sluice::base {

inline bool matches_pattern(std::string_view pattern, std::string_view name) {
  // Where to go on if what followed the last star did not fit after all: it takes one byte more.
  std::size_t at = 0, from = 0, star = std::string_view::npos, star_from = 0;
  while (from < name.size()) {
    if (at < pattern.size() && pattern[at] == '*') {
      star = at++;
      star_from = from;
    } else if (at < pattern.size() && pattern[at] == name[from]) {
      ++at;
      ++from;
    } else if (star != std::string_view::npos) {
      at = star + 1;
      from = ++star_from;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', at) == std::string_view::npos;
}

}  // namespace sluice::base
