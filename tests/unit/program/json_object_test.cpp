#include "program/json_object.hpp"

#include <gtest/gtest.h>

namespace sluice::program {
namespace {

TEST(JsonObject, MembersAreFoundByTheirNames) {
  const auto object = JsonObject::parse(R"({"a":"x\ny","b": {"a":1} })");
  ASSERT_TRUE(object);
  EXPECT_EQ(object->written("a"), R"("x\ny")");
  EXPECT_EQ(object->text("a"), "x\ny");
  EXPECT_EQ(object->text("b"), R"({"a":1})");
  EXPECT_TRUE(object->has_string("a"));
  EXPECT_FALSE(object->has_string("b"));
}

TEST(JsonObject, AnAbsentMemberIsEmpty) {
  const auto object = JsonObject::parse("{}");
  ASSERT_TRUE(object);
  EXPECT_EQ(object->written("a"), "");
  EXPECT_EQ(object->text("a"), "");
  EXPECT_FALSE(object->has_string("a"));
}

TEST(JsonObject, WhiteSpaceMayBeAroundIt) { EXPECT_TRUE(JsonObject::parse(" \r\n{\"a\":1}\t\n")); }

TEST(JsonObject, AnythingElseIsNone) {
  for (const char* const text : {"", " ", "[]", "{", "{}x", "1"}) EXPECT_FALSE(JsonObject::parse(text)) << text;
}

}  // namespace
}  // namespace sluice::program
