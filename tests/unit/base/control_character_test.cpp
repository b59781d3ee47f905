#include "base/control_character.hpp"

#include <gtest/gtest.h>

namespace sluice::base {
namespace {

TEST(ControlCharacter, FindsEachRange) {
  EXPECT_TRUE(has_control_character(std::string_view("a\0b", 3)));
  for (const char* text : {"\n", "x\x1f", "\x7f", "a\xC2\x80", "\xC2\x9F"}) EXPECT_TRUE(has_control_character(text));
}

TEST(ControlCharacter, LetsAllElsePass) {
  for (const char* text : {"", " ", "lobby", "~", "\xC2\xA0", "é", "\xC3\x80", "😀", "\xC2"}) {
    EXPECT_FALSE(has_control_character(text)) << text;
  }
}

}  // namespace
}  // namespace sluice::base
