#include "gateway/line_buffer.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sluice::gateway {
namespace {

// All whole lines of `pieces`, as they come.
std::vector<std::string> lines_of(LineBuffer& lines, const std::vector<std::string>& pieces, std::size_t max = 8) {
  std::vector<std::string> all;
  for (const std::string& piece : pieces) {
    std::string_view rest = piece;
    while (const auto line = lines.next(rest, max)) all.emplace_back(*line);
  }
  return all;
}

TEST(LineBuffer, GivesLinesHoweverTheyCome) {
  const std::vector<std::string> expected{"one", "", "two"};
  for (const auto& pieces : std::vector<std::vector<std::string>>{
           {"one\n\ntwo\n"}, {"one\r\n\r\ntwo\r\n"}, {"o", "n", "e\r", "\n\n", "tw", "o\nrest"}}) {
    LineBuffer lines;
    EXPECT_EQ(lines_of(lines, pieces), expected);
    EXPECT_FALSE(lines.is_too_long());
  }
}

TEST(LineBuffer, ALineMayBeAsLongAsItsLimitAndNoLonger) {
  for (const char* end : {"\n", "\r\n"}) {
    LineBuffer whole, pieces;
    EXPECT_EQ(lines_of(whole, {std::string("12345678") + end}), std::vector<std::string>{"12345678"});
    EXPECT_EQ(lines_of(pieces, {"1234", "5678", end}), std::vector<std::string>{"12345678"});
    LineBuffer bytes;
    std::vector<std::string> one_by_one;
    for (const char c : std::string("12345678") + end) one_by_one.emplace_back(1, c);
    EXPECT_EQ(lines_of(bytes, one_by_one), std::vector<std::string>{"12345678"});
    LineBuffer over, over_in_pieces;
    EXPECT_TRUE(lines_of(over, {std::string("123456789") + end}).empty());
    EXPECT_TRUE(over.is_too_long());
    EXPECT_TRUE(lines_of(over_in_pieces, {"12345", "6789", end}).empty());
    EXPECT_TRUE(over_in_pieces.is_too_long());
  }
}

TEST(LineBuffer, WhatHasNoEndIsNotKeptForEver) {
  LineBuffer lines;
  EXPECT_TRUE(lines_of(lines, {std::string(100, 'x'), "\nfine\n"}).empty());
  EXPECT_TRUE(lines.is_too_long());
}

}  // namespace
}  // namespace sluice::gateway
