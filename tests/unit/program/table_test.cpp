#include "program/table.hpp"

#include <gtest/gtest.h>

namespace sluice::program {
namespace {

TEST(Table, ColumnsStandUnderTheirHeadings) {
  Table table({"ID", "ROOMS"});
  table.add({"9f31c2d0-0-2a-1", "lobby"});
  table.add({"a", "lobby,game"});
  EXPECT_EQ(table.text(),
            "ID               ROOMS\n"
            "9f31c2d0-0-2a-1  lobby\n"
            "a                lobby,game\n");
}

TEST(Table, WithoutHeadingsTheyDoNotWidenColumns) {
  Table table({"CONNECTION", "ROOM"});
  table.add({"a", "b"});
  EXPECT_EQ(table.text(false), "a  b\n");
}

TEST(Table, EmptyCellsAreADashSoThatColumnsCanBeCounted) {
  Table table({"A", "B", "C"});
  table.add({"1", "", ""});
  EXPECT_EQ(table.text(false), "1  -  -\n");
}

TEST(Table, SpacesStayInTheLastColumnOnly) {
  Table table({"A", "B"});
  table.add({"two words", "two words"});
  EXPECT_EQ(table.text(false), "two_words  two words\n");
}

TEST(Table, NothingReachesTheTerminalThatItWouldObey) {
  Table table({"A", "B"});
  table.add({"\x1b[2J\n\x7f",
             "\xC2\x9B"
             "31m"});
  EXPECT_EQ(table.text(false), "?[2J??  ?31m\n");
}

TEST(Table, LettersOfSeveralBytesTakeOneColumn) {
  Table table({"A", "B"});
  table.add({"é", "x"});
  table.add({"ab", "y"});
  EXPECT_EQ(table.text(false), "é   x\nab  y\n");
}

TEST(Table, OfNoRowsIsItsHeadings) {
  EXPECT_EQ(Table({"A", "B"}).text(), "A  B\n");
  EXPECT_EQ(Table({"A", "B"}).text(false), "");
}

}  // namespace
}  // namespace sluice::program
