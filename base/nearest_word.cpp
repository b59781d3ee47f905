#include "base/nearest_word.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace sluice::base {
namespace {

// Counts the letters to insert, remove or replace to make one word of the other.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, diagonal + 1, row[j] + 1});
    }
  }
  return row[b.size()];
}

}  // namespace

std::optional<std::string_view> nearest_word(std::string_view word, const std::vector<std::string_view>& candidates) {
  const auto near = std::min_element(
      candidates.begin(), candidates.end(),
      [word](std::string_view a, std::string_view b) { return distance(word, a) < distance(word, b); });
  if (near == candidates.end() || distance(word, *near) > 1 + word.size() / 4) return std::nullopt;
  return *near;
}

}  // namespace sluice::base
