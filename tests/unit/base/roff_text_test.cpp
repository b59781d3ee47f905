#include "base/roff_text.hpp"

#include <gtest/gtest.h>

namespace sluice::base {
namespace {

TEST(RoffText, PlainWordsStayAsTheyAre) { EXPECT_EQ(roff_text("two words"), "two words"); }

TEST(RoffText, WhatIsDrawnOtherwiseIsEscaped) {
  EXPECT_EQ(roff_text("--a\\b 'c' `d` ^~"), "\\-\\-a\\eb \\(aqc\\(aq \\(gad\\(ga \\(ha\\(ti");
}

TEST(RoffText, ALineThatBeginsWithADotIsNoRequest) {
  EXPECT_EQ(roff_text(".so x\n'br\na.b"), "\\&.so x\n\\(aqbr\na.b");
}

}  // namespace
}  // namespace sluice::base
