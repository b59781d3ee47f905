#include "base/json_text.hpp"

#include <gtest/gtest.h>

namespace sluice::base {
namespace {

std::string json(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

TEST(JsonText, QuotesPlainText) {
  EXPECT_EQ(json(""), R"("")");
  EXPECT_EQ(json("hello"), R"("hello")");
}

TEST(JsonText, AppendsBehindWhatIsThere) {
  std::string out = "x:";
  append_json_string(out, "y");
  EXPECT_EQ(out, R"(x:"y")");
}

TEST(JsonText, EscapesQuotesAndBackslashes) { EXPECT_EQ(json(R"(a"b\c)"), R"("a\"b\\c")"); }

TEST(JsonText, EscapesControlCharacters) {
  EXPECT_EQ(json("\n\r\t"), R"("\n\r\t")");
  EXPECT_EQ(json(std::string_view("\0\x01\x1f\x7f", 4)), R"("\u0000\u0001\u001f\u007f")");
}

TEST(JsonText, KeepsValidUtf8) {
  for (const char* text : {"é", "€", "😀", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEE\x80\x80",
                           "\xEF\xBF\xBF", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"}) {
    EXPECT_EQ(json(text), "\"" + std::string(text) + "\"");
  }
}

TEST(JsonText, ReplacesInvalidUtf8ByteForByte) {
  const std::string mark = "\xEF\xBF\xBD";
  EXPECT_EQ(json("\xFF"), "\"" + mark + "\"");
  EXPECT_EQ(json("a\x80z"), "\"a" + mark + "z\"");
  EXPECT_EQ(json("\xC0\xAF"), "\"" + mark + mark + "\"");                        // overlong
  EXPECT_EQ(json("\xE0\x9F\xBF"), "\"" + mark + mark + mark + "\"");             // overlong
  EXPECT_EQ(json("\xF0\x8F\xBF\xBF"), "\"" + mark + mark + mark + mark + "\"");  // overlong
  EXPECT_EQ(json("\xED\xA0\x80"), "\"" + mark + mark + mark + "\"");             // surrogate
  EXPECT_EQ(json("\xF4\x90\x80\x80"), "\"" + mark + mark + mark + mark + "\"");  // beyond U+10FFFF
  EXPECT_EQ(json("\xF5\x80\x80\x80"), "\"" + mark + mark + mark + mark + "\"");
}

// Whatever stands beside it, and wherever it stands.
TEST(JsonText, EveryByteIsTreatedTheSameAtEveryPlace) {
  for (int byte = 0; byte < 256; ++byte) {
    const std::string odd(1, static_cast<char>(byte));
    const std::string alone = json(odd).substr(1);
    for (std::size_t at = 0; at < 20; ++at) {
      for (std::size_t behind = 0; behind < 20; ++behind) {
        std::string text(at, 'a'), expected = "\"" + text;
        text.append(odd).append(behind, '~');
        expected.append(alone, 0, alone.size() - 1).append(behind, '~').append("\"");
        ASSERT_EQ(json(text), expected);
      }
    }
  }
}

TEST(JsonText, ReplacesATruncatedSequenceAndGoesOn) {
  const std::string mark = "\xEF\xBF\xBD";
  EXPECT_EQ(json("\xE2\x82"), "\"" + mark + mark + "\"");
  EXPECT_EQ(json("\xE2\x82\""), "\"" + mark + mark + "\\\"\"");
  EXPECT_EQ(json("\xF0\x9F\x98\n"), "\"" + mark + mark + mark + "\\n\"");
}

}  // namespace
}  // namespace sluice::base
