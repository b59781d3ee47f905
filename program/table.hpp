#pragma once
// Table: rows for people, aligned, which awk can read too: no cell but those of the last column holds a space.

#include <string>
#include <vector>

namespace sluice::program {

class Table {
 public:
  explicit Table(std::vector<std::string> headings) : rows_{std::move(headings)} {}

  // Adds a row with a cell for each heading. What a terminal would obey is replaced by '?', an empty cell by '-', and
  // a space outside the last column by '_'.
  void add(std::vector<std::string> cells);
  bool is_empty() const { return rows_.size() == 1; }
  std::string text(bool with_headings = true) const;

 private:
  std::vector<std::vector<std::string>> rows_;  // the headings first
};

}  // namespace sluice::program
