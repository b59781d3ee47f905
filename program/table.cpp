#include "program/table.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "program/printable.hpp"

namespace sluice::program {
namespace {

// Counts code points, which is near enough to columns.
std::size_t width(const std::string& text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; }));
}

void clean(std::string& text, bool may_have_spaces) {
  text = text.empty() ? "-" : printable(text);
  if (!may_have_spaces) std::ranges::replace(text, ' ', '_');
}

}  // namespace

void Table::add(std::vector<std::string> cells) {
  SLUICE_ASSERT(cells.size() == rows_.front().size());
  for (std::string& cell : cells) clean(cell, &cell == &cells.back());
  rows_.push_back(std::move(cells));
}

std::string Table::text(bool with_headings) const {
  std::vector<std::size_t> widths(rows_.front().size());
  const auto first = rows_.begin() + (with_headings ? 0 : 1);
  for (auto row = first; row != rows_.end(); ++row) {
    for (std::size_t at = 0; at < widths.size(); ++at) widths[at] = std::max(widths[at], width((*row)[at]));
  }
  std::string out;
  for (auto row = first; row != rows_.end(); ++row) {
    for (std::size_t at = 0; at < widths.size(); ++at) {
      out += (*row)[at];
      if (at + 1 < widths.size()) out.append(widths[at] - width((*row)[at]) + 2, ' ');
    }
    out += '\n';
  }
  return out;
}

}  // namespace sluice::program
