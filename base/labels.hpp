#pragma once
// Labels: what operators and backends want to remember of a client: names and values.

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/control_character.hpp"

namespace sluice::base {

using Labels = std::vector<std::pair<std::string, std::string>>;

inline constexpr std::size_t labels_max = 32, label_name_bytes_max = 64, label_value_bytes_max = 256;
inline constexpr std::string_view labels_wanted =
    "at most 32 labels with names of 1 to 64 bytes and values of at most 256, without control characters";

inline bool are_labels(const Labels& labels) {
  return labels.size() <= labels_max && std::ranges::all_of(labels, [](const auto& label) {
           const auto& [name, value] = label;
           return !name.empty() && name.size() <= label_name_bytes_max && value.size() <= label_value_bytes_max &&
                  !has_control_character(name) && !has_control_character(value);
         });
}

// Puts `label` in the place of the one of its name, or at the end.
inline void set_label(Labels& labels, const std::pair<std::string, std::string>& label) {
  const auto found = std::ranges::find(labels, label.first, &Labels::value_type::first);
  if (found == labels.end()) {
    labels.push_back(label);
  } else {
    found->second = label.second;
  }
}

}  // namespace sluice::base
