#include "cluster/pieces.hpp"

#include <gtest/gtest.h>

namespace sluice::cluster {
namespace {

using base::Errc;
using namespace std::chrono_literals;

class PiecesTest : public testing::Test {
 protected:
  // What the piece made: a whole message, "..." while there is more to come, or the name of an error.
  std::string take(std::uint32_t from, std::uint64_t number, std::uint32_t place, bool has_more,
                   std::string_view bytes) {
    const auto taken = pieces_.take({from, number, place, has_more, bytes}, now_);
    if (!taken) return std::string(base::row_of(taken.error().code).name);
    return taken->value_or("...");
  }

  base::TimePoint now_{100s};
  Pieces pieces_{{.whole_bytes_max = 8, .bytes_max = 12, .parts_max = 2, .patience = 10s}};
};

TEST_F(PiecesTest, OneThatIsAloneIsTheWhole) {
  EXPECT_EQ(take(1, 1, 0, false, "all"), "all");
  EXPECT_EQ(take(1, 2, 0, false, ""), "");
}

TEST_F(PiecesTest, SeveralAreJoinedAlsoWhereSendersAlternate) {
  EXPECT_EQ(take(1, 1, 0, true, "ab"), "...");
  EXPECT_EQ(take(2, 1, 0, true, "xy"), "...");
  EXPECT_EQ(take(1, 1, 1, true, "cd"), "...");
  EXPECT_EQ(take(2, 1, 1, false, "z"), "xyz");
  EXPECT_EQ(take(1, 1, 2, false, "e"), "abcde");
}

TEST_F(PiecesTest, WhatHasAHoleIsNoMessage) {
  EXPECT_EQ(take(1, 1, 0, true, "a"), "...");
  EXPECT_EQ(take(1, 1, 2, false, "c"), "bad_request");
  EXPECT_EQ(take(1, 1, 1, false, "b"), "bad_request") << "it is let go";
  EXPECT_EQ(take(1, 2, 1, false, "b"), "bad_request") << "it never began";
}

TEST_F(PiecesTest, AMessageHasABound) {
  EXPECT_EQ(take(1, 1, 0, false, "12345678"), "12345678");
  EXPECT_EQ(take(1, 2, 0, false, "123456789"), "too_large");
  EXPECT_EQ(take(1, 3, 0, true, "12345"), "...");
  EXPECT_EQ(take(1, 3, 1, true, "6789"), "too_large");
}

TEST_F(PiecesTest, AllThatWaitsHasABound) {
  EXPECT_EQ(take(1, 1, 0, true, "1234567"), "...");
  EXPECT_EQ(take(2, 1, 0, true, "123456"), "exhausted");
  EXPECT_EQ(take(2, 2, 0, true, "12345"), "...");
  EXPECT_EQ(take(3, 1, 0, true, ""), "exhausted") << "there are two already";
  EXPECT_EQ(take(1, 1, 1, false, ""), "1234567");
  EXPECT_EQ(take(3, 2, 0, true, "1234567"), "...") << "what is whole leaves room";
}

TEST_F(PiecesTest, WhatIsNotGoneOnWithIsLetGo) {
  EXPECT_EQ(take(1, 1, 0, true, "12345678"), "...");
  now_ += 10s;
  EXPECT_EQ(pieces_.trim(now_), 0u);
  now_ += 1ms;
  EXPECT_EQ(pieces_.trim(now_), 1u);
  EXPECT_EQ(take(2, 1, 0, true, "12345678"), "...") << "and leaves room";
}

TEST_F(PiecesTest, WhatComesFromANodeThatIsGoneIsForgotten) {
  EXPECT_EQ(take(1, 1, 0, true, "a"), "...");
  EXPECT_EQ(take(2, 1, 0, true, "b"), "...");
  pieces_.forget(1);
  EXPECT_EQ(take(1, 1, 1, false, "a"), "bad_request");
  EXPECT_EQ(take(2, 1, 1, false, "b"), "bb");
}

}  // namespace
}  // namespace sluice::cluster
