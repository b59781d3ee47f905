#include "base/ids.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace sluice::base {
namespace {

TEST(Incarnation, IsEightDigits) {
  EXPECT_EQ(incarnation_text(0xab), "000000ab");
  EXPECT_EQ(parse_incarnation("9f31c2d0"), 0x9f31c2d0u);
  for (const char* text : {"", "9f31c2d", "9f31c2d00", "9F31C2D0", "9f31c2dg", "-f31c2d0"}) {
    EXPECT_FALSE(parse_incarnation(text)) << text;
  }
}

TEST(ConnectionId, ShowsItsPartsInHexadecimal) {
  const ConnectionId id{0x9f31c2d0, WorkerId{1}, 0x2a, 7};
  EXPECT_EQ(id.text(), "9f31c2d0-1-2a-7");
  EXPECT_EQ(id.worker(), WorkerId{1});
}

TEST(ConnectionId, FillsTheIncarnationWithZeros) { EXPECT_EQ((ConnectionId{0xab, {}, 0, 1}.text()), "000000ab-0-0-1"); }

TEST(ConnectionId, ParsesBackToItself) {
  for (const ConnectionId& id : {ConnectionId{}, ConnectionId{0xffffffff, WorkerId{0xffff}, 0xffffffff, 0xffffffff},
                                 ConnectionId{1, WorkerId{255}, 64, 2}}) {
    EXPECT_EQ(ConnectionId::parse(id.text()), id) << id.text();
  }
}

TEST(ConnectionId, TakesNothingButItsOwnForm) {
  for (const char* text : {"",
                           "-",
                           "---",
                           "9f31c2d0",
                           "9f31c2d0-1-2a",
                           "9f31c2d0-1-2a-",
                           "9f31c2d0-1-2a-7-",
                           "9f31c2d0-1-2a-7-8",
                           "9F31c2d0-1-2a-7",
                           "9f31c2d-1-2a-7",
                           "09f31c2d0-1-2a-7",
                           "9f31c2d0-01-2a-7",
                           "9f31c2d0-1-2a-07",
                           "9f31c2d0-1-2a-g",
                           " 9f31c2d0-1-2a-7",
                           "9f31c2d0-1-2a-7 ",
                           "9f31c2d0-+1-2a-7",
                           "9f31c2d0-0x1-2a-7",
                           "9f31c2d0--1-2a-7",
                           "9f31c2d0-10000-2a-7",
                           "9f31c2d0-1-100000000-7",
                           "9f31c2d0-1-2a-100000000"}) {
    EXPECT_EQ(ConnectionId::parse(text), std::nullopt) << text;
  }
}

TEST(ConnectionId, TakesNoNulBytes) {
  EXPECT_EQ(ConnectionId::parse(std::string_view("9f31c2d0-1-2a-7\0", 16)), std::nullopt);
}

TEST(Position, ShowsTheEpochInHexadecimalAndTheOffsetInDecimal) {
  EXPECT_EQ((Position{0xc0ffee, 42}.text()), "0000000000c0ffee-42");
}

TEST(Position, ParsesBackToItself) {
  constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
  for (const Position& position : {Position{}, Position{most, most}, Position{1, 10}}) {
    EXPECT_EQ(Position::parse(position.text()), position) << position.text();
  }
}

TEST(Position, TakesNothingButItsOwnForm) {
  for (const char* text :
       {"", "-", "42", "0000000000c0ffee", "0000000000c0ffee-", "0000000000C0FFEE-42", "c0ffee-42",
        "00000000000c0ffee-42", "0000000000c0ffee-042", "0000000000c0ffee-4a", "0000000000c0ffee--42",
        "0000000000c0ffee-+42", "0000000000c0ffee-18446744073709551616", "0000000000c0ffee-42 "}) {
    EXPECT_EQ(Position::parse(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace sluice::base
