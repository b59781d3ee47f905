#include "base/json_scanner.hpp"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <random>
#include <string>

namespace sluice::base {
namespace {

TEST(JsonScanner, EveryKindOfValueIsJson) {
  for (const char* text : {"{}", "[]", "\"a\"", "0", "-1.5e3", "1E+2", "true", "false", "null",
                           " {\"a\":[1,{\"b\":null}]} ", "\"\\u00e4\\n\\/\\\\\"", "[ 1 , 2 ]"}) {
    EXPECT_TRUE(is_json(text)) << text;
  }
}

TEST(JsonScanner, AnythingElseIsNot) {
  for (const char* text :
       {"",          " ",  "{",     "[1,]",    "{a:1}",    "'a'", "1 2",        "{}x", "nul", "// c\n1",
        "\"\n\"",    "01", "1.",    ".5",      "+1",       "-",   "1e",         "[,]", "{,}", "\"\\x\"",
        "\"\\u12\"", "\"", "[1 2]", "{\"a\"}", "{\"a\":}", "tru", "{\"a\":1,}", "]"}) {
    EXPECT_FALSE(is_json(text)) << text;
  }
}

TEST(JsonScanner, DepthIsBounded) {
  const auto nested = [](int depth) {
    return std::string(static_cast<std::size_t>(depth), '[') + std::string(static_cast<std::size_t>(depth), ']');
  };
  EXPECT_TRUE(is_json(nested(json_depth_max)));
  EXPECT_FALSE(is_json(nested(json_depth_max + 1)));
  EXPECT_FALSE(is_json(std::string(1'000'000, '[')));
}

TEST(JsonScanner, ElementsAreGivenAsTheyAreWritten) {
  const auto elements = json_elements(R"([ 1.0 , "a,]" ,{"b":[2]}])");
  ASSERT_TRUE(elements);
  EXPECT_EQ(*elements, (std::vector<std::string_view>{"1.0", R"("a,]")", R"({"b":[2]})"}));
  EXPECT_TRUE(json_elements("[]")->empty());
  for (const char* text : {"{}", "[1", "[1]x", "", "1"}) EXPECT_FALSE(json_elements(text)) << text;
}

TEST(JsonScanner, MembersAreGivenAsTheyAreWritten) {
  const auto members = json_members(R"({"a":1, "b" : "x"})");
  ASSERT_TRUE(members);
  ASSERT_EQ(members->size(), 2U);
  EXPECT_EQ(members->at(1).name, "\"b\"");
  EXPECT_EQ(members->at(1).value, "\"x\"");
  for (const char* text : {"[]", "{", "{}x", "", " ", "{}\n{}"}) EXPECT_FALSE(json_members(text)) << text;
  EXPECT_EQ(json_members(" \r\n{\"a\":1}\t\n")->size(), 1u);
}

TEST(JsonScanner, AStringSaysWhatItsEscapesMean) {
  EXPECT_EQ(json_string(R"("a\"\\\/\b\f\n\r\t")"), "a\"\\/\b\f\n\r\t");
  EXPECT_EQ(json_string(R"("\u00e4\u20ac\ud83d\ude00")"), "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80");
  EXPECT_EQ(json_string(R"("\ud83d")"), "\xef\xbf\xbd");
  EXPECT_EQ(json_string(R"("\ud83dA")"),
            "\xef\xbf\xbd"
            "A");
  EXPECT_EQ(json_string(R"("\ude00x")"), "\xef\xbf\xbdx");
}

TEST(JsonScanner, PlaceholdersAreFoundWhereverTheyAre) {
  const std::string text =
      R"([{"a":{"_placeholder":true,"num":1}},"{\"_placeholder\":true}",{"num":0,"_placeholder":true}])";
  const auto found = json_placeholders(text);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].number, 1U);
  EXPECT_EQ(text.substr(found[0].begin, found[0].end - found[0].begin), R"({"_placeholder":true,"num":1})");
  EXPECT_EQ(found[1].number, 0U);
}

TEST(JsonScanner, APlaceholderWithoutAWholeNumberHasNone) {
  for (const char* number : {"-1", "1.5", "\"0\"", "null", "99999999999"}) {
    const auto found = json_placeholders(std::string(R"({"_placeholder":true,"num":)") + number + "}");
    ASSERT_EQ(found.size(), 1U) << number;
    EXPECT_FALSE(found[0].number) << number;
  }
  EXPECT_TRUE(json_placeholders(R"({"_placeholder":false,"num":0})").empty());
}

// What Boost.JSON takes is taken, and nothing else, over texts that are nearly JSON.
TEST(JsonScanner, AgreesWithAnotherParser) {
  std::mt19937 random(7);
  static constexpr std::string_view pieces[] = {"{", "}",      "[",    "]",    ",", ":", "\"a\"",       "\"\\n\"",
                                                "1", "-2.5e1", "true", "null", " ", "0", "\"\\u0041\"", "x"};
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    for (std::size_t left = random() % 9; left > 0; --left) text += pieces[random() % std::size(pieces)];
    boost::system::error_code error;
    static_cast<void>(boost::json::parse(text, error));
    ASSERT_EQ(is_json(text), !error) << text;
  }
}

}  // namespace
}  // namespace sluice::base
