#pragma once
// Patterns for names: each * stands for any run of bytes, also none; everything else for itself.

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

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

// Whether at least one of them fits: none does if there are none.
inline bool matches_any_pattern(const std::vector<std::string>& patterns, std::string_view name) {
  return std::ranges::any_of(patterns, [name](const std::string& pattern) { return matches_pattern(pattern, name); });
}

}  // namespace sluice::base
