#include "gateway/utf8.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sluice::gateway {
namespace {

using namespace std::string_literals;

// Decodes as slowly and plainly as RFC 3629 is written, to compare with.
bool is_utf8_by_the_book(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
    const std::size_t bytes = byte(at) < 0x80 ? 1 : byte(at) >> 5 == 6 ? 2 : byte(at) >> 4 == 14 ? 3 : 4;
    if ((bytes == 4 && byte(at) >> 3 != 30) || text.size() - at < bytes) return false;
    std::uint32_t character = bytes == 1 ? byte(at) : byte(at) & (0xFFU >> (bytes + 1));
    for (std::size_t i = 1; i < bytes; ++i) {
      if (byte(at + i) >> 6 != 2) return false;
      character = character << 6 | (byte(at + i) & 0x3F);
    }
    static constexpr std::uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (character < least[bytes] || character > 0x10FFFF || (character >= 0xD800 && character < 0xE000)) return false;
    at += bytes;
  }
  return true;
}

bool is_utf8_by_bytes(std::string_view text) {
  Utf8 utf8;
  for (const char& byte : text)
    if (!utf8.feed({&byte, 1})) return false;
  return utf8.is_complete();
}

void expect(const std::string& text, bool is_valid) {
  for (std::size_t before = 0; before < 20; ++before) {
    const std::string shifted = std::string(before, 'a') + text;
    EXPECT_EQ(is_utf8(shifted), is_valid) << testing::PrintToString(shifted);
    EXPECT_EQ(is_utf8(shifted + "and sixteen more"), is_valid) << testing::PrintToString(shifted);
    EXPECT_EQ(is_utf8_by_bytes(shifted), is_valid) << testing::PrintToString(shifted);
  }
}

TEST(Utf8, TheFirstAndLastCharacterOfEachLengthIsValid) {
  for (const std::string& text :
       {"\x00"s, "\x7F"s, "\xC2\x80"s, "\xDF\xBF"s, "\xE0\xA0\x80"s, "\xEF\xBF\xBF"s, "\xF0\x90\x80\x80"s,
        "\xF4\x8F\xBF\xBF"s, "\xED\x9F\xBF"s, "\xEE\x80\x80"s, "\xEF\xBF\xBD"s, "\xEF\xBF\xBE"s, "\xEF\xBB\xBF"s}) {
    expect(text, true);
  }
}

TEST(Utf8, WhatIsBeyondTheBoundariesIsInvalid) {
  for (const std::string text :
       {"\xC0\x80", "\xC1\xBF", "\xE0\x80\x80", "\xE0\x9F\xBF", "\xF0\x80\x80\x80", "\xF0\x8F\xBF\xBF",
        "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xF8\x88\x80\x80\x80", "\xFC\x84\x80\x80\x80\x80", "\xFE", "\xFF"}) {
    expect(text, false);
  }
}

TEST(Utf8, SurrogatesAreInvalid) {
  for (const std::string text :
       {"\xED\xA0\x80", "\xED\xAD\xBF", "\xED\xAF\xBF", "\xED\xBF\xBF", "\xED\xA0\x80\xED\xB0\x80", "\xED\xB0\x80"}) {
    expect(text, false);
  }
}

TEST(Utf8, AContinuationByteAloneIsInvalid) {
  for (const std::string text : {"\x80", "\xBF", "\xC2\x80\x80", "\xE2\x82\xAC\xBF"}) expect(text, false);
}

TEST(Utf8, ASequenceThatIsBrokenOffIsInvalid) {
  for (const std::string text : {"\xC2 ", "\xE2\x82 ", "\xE2 ", "\xF0\x9D\x84 ", "\xF0\x9D ", "\xF0 ", "\xC2\xC2\x80"})
    expect(text, false);
}

TEST(Utf8, TextThatEndsInsideACharacterIsABeginningButNotComplete) {
  for (const std::string_view text : {"\xC2", "\xE2", "\xE2\x82", "\xF0", "\xF0\x9D", "\xF0\x9D\x84"}) {
    Utf8 utf8;
    EXPECT_TRUE(utf8.feed(text));
    EXPECT_FALSE(utf8.is_complete());
    EXPECT_FALSE(is_utf8(text));
  }
}

TEST(Utf8, WhatCannotBecomeValidFailsWithItsFirstWrongByte) {
  for (const std::string_view text : {"\xE0\x80", "\xED\xA0", "\xF0\x8F", "\xF4\x90", "\xC0", "\xF5"}) {
    Utf8 utf8;
    EXPECT_TRUE(utf8.feed(text.substr(0, text.size() - 1)));
    EXPECT_FALSE(utf8.feed(text.substr(text.size() - 1)));
  }
}

TEST(Utf8, EveryPairOfBytesIsJudgedByTheBook) {
  std::string text(2, '\0');
  for (int first = 0; first < 256; ++first) {
    for (int second = 0; second < 256; ++second) {
      text[0] = static_cast<char>(first);
      text[1] = static_cast<char>(second);
      ASSERT_EQ(is_utf8(text), is_utf8_by_the_book(text)) << first << ' ' << second;
    }
  }
}

TEST(Utf8, EveryThirdAndFourthByteIsJudgedByTheBook) {
  for (const std::string start : {"\xE0\xA0", "\xED\x9F", "\xEF\xBF", "\xF0\x90\x80", "\xF4\x8F\xBF", "\xE0", "\xF4"}) {
    for (int last = 0; last < 256; ++last) {
      const std::string text = start + static_cast<char>(last);
      ASSERT_EQ(is_utf8(text), is_utf8_by_the_book(text)) << testing::PrintToString(text);
      ASSERT_EQ(is_utf8_by_bytes(text), is_utf8_by_the_book(text)) << testing::PrintToString(text);
    }
  }
}

TEST(Utf8, OneWrongByteIsFoundWhereverItIsInLongText) {
  for (std::size_t at = 0; at < 64; ++at) {
    std::string text(64, 'x');
    ASSERT_TRUE(is_utf8(text));
    text[at] = '\xFF';
    ASSERT_FALSE(is_utf8(text)) << at;
  }
}

}  // namespace
}  // namespace sluice::gateway
