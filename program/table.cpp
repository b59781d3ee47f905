#include "program/table.hpp"

#include <algorithm>

#include "base/assert.hpp"

namespace sluice::program {
namespace {

// Counts code points, which is near enough to columns.
std::size_t width(const std::string& text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; }));
}

void clean(std::string& text, bool may_have_spaces) {
  if (text.empty()) text.push_back('-');
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto byte = static_cast<unsigned char>(text[at]);
    // U+0080 to U+009F, two bytes each, are control characters too.
    const bool is_long_control =
        byte == 0xC2 && at + 1 < text.size() && static_cast<unsigned char>(text[at + 1]) < 0xA0;
    if (is_long_control) text.erase(at, 1);
    if (is_long_control || byte < 0x20 || byte == 0x7F) text[at] = '?';
    if (byte == ' ' && !may_have_spaces) text[at] = '_';
  }
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
