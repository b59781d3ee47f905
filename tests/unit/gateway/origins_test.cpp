#include "gateway/origins.hpp"

#include <gtest/gtest.h>

namespace sluice::gateway {
namespace {

const std::vector<std::string> same{"same-origin"};
const std::vector<std::string> listed{"https://app.example", "http://localhost:3000"};
const std::vector<std::string> everyone{"*"};
const std::vector<std::string> nobody;

TEST(Origins, ARequestWithoutAnOriginPasses) {
  for (const auto& allowed : {same, listed, everyone, nobody}) EXPECT_TRUE(is_origin_allowed(allowed, "", "host"));
}

TEST(Origins, NullPassesOnlyIfEveryOriginDoes) {
  EXPECT_FALSE(is_origin_allowed(same, "null", "null"));
  EXPECT_FALSE(is_origin_allowed(listed, "null", "app.example"));
  EXPECT_FALSE(is_origin_allowed({"null"}, "null", "app.example"));
  EXPECT_TRUE(is_origin_allowed(everyone, "null", "app.example"));
}

TEST(Origins, TheSameHostAndPortIsTheSameOrigin) {
  EXPECT_TRUE(is_origin_allowed(same, "http://localhost:8080", "localhost:8080"));
  EXPECT_TRUE(is_origin_allowed(same, "http://app.example", "APP.example"));
  EXPECT_TRUE(is_origin_allowed(same, "https://[::1]:8080", "[::1]:8080"));
  EXPECT_TRUE(is_origin_allowed(same, "https://[2001:db8::2]", "[2001:db8::2]"));
}

TEST(Origins, AnotherHostOrPortIsAnotherOrigin) {
  EXPECT_FALSE(is_origin_allowed(same, "http://localhost:3000", "localhost:8080"));
  EXPECT_FALSE(is_origin_allowed(same, "http://evil.example", "app.example"));
  EXPECT_FALSE(is_origin_allowed(same, "http://app.example.evil", "app.example"));
  EXPECT_FALSE(is_origin_allowed(same, "http://evil-app.example", "app.example"));
  EXPECT_FALSE(is_origin_allowed(same, "http://[::2]:80", "[::1]:80"));
  EXPECT_FALSE(is_origin_allowed(same, "http://app.example:8080", "app.example"));
}

TEST(Origins, AHostWithoutAPortStandsForTheDefaultOfTheOriginsScheme) {
  EXPECT_TRUE(is_origin_allowed(same, "https://app.example", "app.example"));
  EXPECT_TRUE(is_origin_allowed(same, "https://app.example", "app.example:443"));
  EXPECT_TRUE(is_origin_allowed(same, "https://app.example:443", "app.example"));
  EXPECT_TRUE(is_origin_allowed(same, "http://app.example", "app.example:80"));
  EXPECT_FALSE(is_origin_allowed(same, "https://app.example", "app.example:80"));
}

TEST(Origins, WhatIsNoOriginIsNotTheSame) {
  for (const std::string_view origin : {"localhost", "://", "http://", "http:/localhost", "localhost:8080"})
    EXPECT_FALSE(is_origin_allowed(same, origin, "localhost")) << origin;
  EXPECT_FALSE(is_origin_allowed(same, "http://", ""));
}

TEST(Origins, AListedOriginPassesWhateverTheHost) {
  EXPECT_TRUE(is_origin_allowed(listed, "https://app.example", "other.example"));
  EXPECT_TRUE(is_origin_allowed(listed, "http://localhost:3000", ""));
  EXPECT_TRUE(is_origin_allowed(listed, "HTTPS://App.Example", "other.example"));
}

TEST(Origins, WhatIsNotListedDoesNotPass) {
  EXPECT_FALSE(is_origin_allowed(listed, "http://app.example", "app.example"));
  EXPECT_FALSE(is_origin_allowed(listed, "https://app.example:8443", "app.example"));
  EXPECT_FALSE(is_origin_allowed(listed, "https://app.example.evil", "app.example"));
  EXPECT_FALSE(is_origin_allowed(nobody, "http://app.example", "app.example"));
}

TEST(Origins, SameOriginMayStandBesideOthers) {
  const std::vector<std::string> both{"https://app.example", "same-origin"};
  EXPECT_TRUE(is_origin_allowed(both, "http://localhost:8080", "localhost:8080"));
  EXPECT_TRUE(is_origin_allowed(both, "https://app.example", "localhost:8080"));
}

}  // namespace
}  // namespace sluice::gateway
