#pragma once
// What somebody may have meant who mistyped a word.

#include <optional>
#include <string_view>
#include <vector>

namespace sluice::base {

// Gives the candidate that takes the fewest letters to insert, remove or replace; nothing if `word` is too far from
// all.
std::optional<std::string_view> nearest_word(std::string_view word, const std::vector<std::string_view>& candidates);

}  // namespace sluice::base
