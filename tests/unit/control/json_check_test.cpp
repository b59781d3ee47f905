#include "control/json_check.hpp"

#include <gtest/gtest.h>

#include <string>

namespace sluice::control {
namespace {

TEST(JsonCheck, EveryKindOfValueIsJson) {
  for (const char* text : {"{}", "[]", "\"a\"", "1", "-1.5e3", "true", "null", " {\"a\":[1,{\"b\":null}]} "})
    EXPECT_TRUE(is_json(text)) << text;
}

TEST(JsonCheck, AnythingElseIsNot) {
  for (const char* text : {"", " ", "{", "[1,]", "{a:1}", "'a'", "1 2", "{}x", "nul", "// c\n1", "\"\n\"", "01"})
    EXPECT_FALSE(is_json(text)) << text;
}

TEST(JsonCheck, TextThatIsNotUtf8IsNot) { EXPECT_FALSE(is_json("\"\xff\"")); }

TEST(JsonCheck, DepthIsBounded) {
  const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_TRUE(is_json(nested(json_depth_max)));
  EXPECT_FALSE(is_json(nested(json_depth_max + 1)));
}

}  // namespace
}  // namespace sluice::control
