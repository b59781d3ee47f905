#include "control/idempotency.hpp"

#include <gtest/gtest.h>

namespace sluice::control {
namespace {

using Found = Idempotency::Found;
using namespace std::chrono_literals;

class IdempotencyTest : public testing::Test {
 protected:
  Found begin(std::string_view key, std::string_view request = "r") {
    return table.begin({Method::publish, key}, request, now).found;
  }
  void finish(std::string_view key, const std::string& answer = "a") {
    table.finish({Method::publish, key}, &answer, now);
  }

  Idempotency table{{.lifetime = 10s, .keys_max = 3, .bytes_max = 100'000}};
  base::TimePoint now{};
};

TEST_F(IdempotencyTest, ARepeatedCallGetsTheFirstOnesAnswer) {
  EXPECT_EQ(begin("k"), Found::nothing);
  finish("k", "answer");
  const auto begun = table.begin({Method::publish, "k"}, "r", now);
  EXPECT_EQ(begun.found, Found::answer);
  EXPECT_EQ(begun.answer, "answer");
}

TEST_F(IdempotencyTest, ADifferentRequestWithTheSameKeyIsRefused) {
  EXPECT_EQ(begin("k", "one"), Found::nothing);
  EXPECT_EQ(begin("k", "two"), Found::different);
  finish("k");
  EXPECT_EQ(begin("k", "two"), Found::different);
}

TEST_F(IdempotencyTest, ACallUnderWayIsNotDoneTwice) {
  EXPECT_EQ(begin("k"), Found::nothing);
  EXPECT_EQ(begin("k"), Found::under_way);
}

TEST_F(IdempotencyTest, EachMethodHasKeysOfItsOwn) {
  EXPECT_EQ(begin("k"), Found::nothing);
  EXPECT_EQ(table.begin({Method::disconnect, "k"}, "r", now).found, Found::nothing);
}

TEST_F(IdempotencyTest, WhatFailedIsNotRemembered) {
  EXPECT_EQ(begin("k"), Found::nothing);
  table.finish({Method::publish, "k"}, nullptr, now);
  EXPECT_EQ(table.size(), 0U);
  EXPECT_EQ(begin("k", "another"), Found::nothing);
}

TEST_F(IdempotencyTest, AnAnswerIsForgottenAfterItsTime) {
  EXPECT_EQ(begin("k"), Found::nothing);
  finish("k");
  now += 10s;
  EXPECT_EQ(begin("k"), Found::answer);
  now += 1ns;
  EXPECT_EQ(begin("k"), Found::nothing);
}

TEST_F(IdempotencyTest, TheOldestAnswerMakesRoomForANewKey) {
  for (const char* key : {"1", "2", "3"}) {
    EXPECT_EQ(begin(key), Found::nothing);
    finish(key);
  }
  EXPECT_EQ(begin("4"), Found::nothing);
  EXPECT_EQ(table.size(), 3U);
  EXPECT_EQ(begin("2"), Found::answer);
  EXPECT_EQ(begin("1"), Found::nothing);
}

TEST_F(IdempotencyTest, CallsUnderWayAreNeverForgotten) {
  for (const char* key : {"1", "2", "3"}) EXPECT_EQ(begin(key), Found::nothing);
  EXPECT_EQ(begin("4"), Found::full);
  EXPECT_EQ(begin("1"), Found::under_way);
}

TEST_F(IdempotencyTest, AnswersAreBoundedInBytes) {
  EXPECT_EQ(begin("1"), Found::nothing);
  finish("1", std::string(60'000, 'a'));
  EXPECT_EQ(begin("2"), Found::nothing);
  finish("2", std::string(60'000, 'a'));
  EXPECT_EQ(table.size(), 1U);
  EXPECT_EQ(begin("2"), Found::answer);
}

}  // namespace
}  // namespace sluice::control
