#include "base/nearest_word.hpp"

#include <algorithm>
#include <numeric>
#include <vector>

namespace sluice::base {
namespace {

// Counts the letters to insert, remove, replace or exchange with their neighbour to make one word of the other.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    before.swap(last);
    last.swap(row);
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      row[j + 1] = std::min({last[j] + (a[i] == b[j] ? 0 : 1), last[j + 1] + 1, row[j] + 1});
      const bool is_exchanged = i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j];
      if (is_exchanged) row[j + 1] = std::min(row[j + 1], before[j - 1] + 1);
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
