#include "identity/token.hpp"

#include <gtest/gtest.h>

#include "identity/base64url.hpp"
#include "identity/revocations.hpp"

namespace sluice::identity {
namespace {

using std::chrono::seconds;
using Time = std::chrono::system_clock::time_point;

const Time now{seconds(1'800'000'000)};

class TokenTest : public testing::Test {
 protected:
  TokenTest() { keys.add(key); }
  static Claims some_claims() {
    Claims claims;
    claims.subject = "ann";
    claims.expires = 1'800'000'100;
    return claims;
  }
  std::string signed_token(const Claims& claims) const { return make_token(claims, key, Algorithm::hs256, "").value(); }
  std::string why_not(const std::string& token) const {
    const auto claims = verify_token(token, keys, rules, now);
    return claims ? std::string() : claims.error().detail;
  }

  const Key key = Key::from_secret(std::string(32, 's')).value();
  KeySet keys;
  TokenRules rules;
};

TEST_F(TokenTest, WhatWasMadeIsReadAgain) {
  Claims claims = some_claims();
  claims.rooms = {"a\"b"};
  claims.join = {"news-*"};
  claims.publish.emplace();
  claims.audiences = {"x", "y"};
  const auto read = verify_token(signed_token(claims), keys, rules, now);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->subject, "ann");
  EXPECT_EQ(read->rooms, claims.rooms);
  EXPECT_EQ(read->join, claims.join);
  EXPECT_EQ(read->publish, claims.publish);
  EXPECT_EQ(read->audiences, claims.audiences);
  EXPECT_EQ(read->expires, 1'800'000'100);
}

TEST_F(TokenTest, TimeIsLookedAtWithPatience) {
  Claims claims = some_claims();
  claims.expires = 1'800'000'000 - 29;
  EXPECT_EQ(why_not(signed_token(claims)), "");
  claims.expires = 1'800'000'000 - 30;
  EXPECT_EQ(why_not(signed_token(claims)), "the token has expired");
  claims = some_claims();
  claims.not_before = 1'800'000'031;
  EXPECT_EQ(why_not(signed_token(claims)), "the token is not valid yet");
}

TEST_F(TokenTest, EveryBitCounts) {
  const std::string good = signed_token(some_claims());
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] = bad[at] == 'A' ? 'B' : 'A';
    EXPECT_NE(why_not(bad), "") << at;
  }
  for (std::size_t size = 0; size < good.size(); ++size) EXPECT_NE(why_not(good.substr(0, size)), "");
}

TEST_F(TokenTest, NothingIsSaidTwice) {
  const std::string head = to_base64url(R"({"alg":"HS256"})");
  const std::string text = head + '.' + to_base64url(R"({"exp":1900000000,"sub":"a","sub":"b"})");
  EXPECT_EQ(why_not(text + '.' + to_base64url(*key.sign(Algorithm::hs256, text))), "the token says something twice");
}

TEST(Key, FitsItsOwnKindAlone) {
  const Key key = Key::from_secret(std::string(32, 's')).value();
  EXPECT_TRUE(key.fits(Algorithm::hs512));
  EXPECT_FALSE(key.fits(Algorithm::rs256));
  EXPECT_FALSE(Key::from_secret(std::string(31, 's')));
  EXPECT_FALSE(Key::from_pem("-----BEGIN PUBLIC KEY-----\nrubbish\n-----END PUBLIC KEY-----\n"));
  EXPECT_FALSE(Key::from_jwk(R"({"kty":"EC","crv":"P-256","x":"AA","y":"AA"})"));
  EXPECT_FALSE(Key::from_jwk(R"({"kty":"oct","k":"YQ"})"));
}

TEST(Base64url, ThereIsOneWritingOfEachText) {
  for (const std::string text : {"", "a", "ab", "abc", "\xff\xfe\xfd"}) {
    EXPECT_EQ(from_base64url(to_base64url(text)), text);
  }
  for (const char* const bad : {"a", "YQ==", "Y+", "YR", "Y Q"}) EXPECT_FALSE(from_base64url(bad)) << bad;
}

TEST(Revocations, ATokenIsRevokedByIdOrBySubjectAndTime) {
  Revocations revocations;
  Claims claims;
  claims.subject = "ann";
  claims.id = "one";
  claims.issued = 100;
  EXPECT_EQ(revocations.misfit(claims, now), "");
  ASSERT_TRUE(revocations.revoke_id("one", now + seconds(10)));
  EXPECT_EQ(revocations.misfit(claims, now), "was revoked");
  EXPECT_EQ(revocations.misfit(claims, now + seconds(10)), "");
  claims.id = "two";
  ASSERT_TRUE(revocations.revoke_subject("ann", 101, now + seconds(10)));
  EXPECT_EQ(revocations.misfit(claims, now), "was revoked");
  claims.issued = 101;
  EXPECT_EQ(revocations.misfit(claims, now), "");
  ASSERT_TRUE(revocations.block_user("ann", now + seconds(10)));
  EXPECT_EQ(revocations.misfit(claims, now), "is of a user who is blocked");
  EXPECT_TRUE(revocations.unblock_user("ann"));
  revocations.trim(now + seconds(10));
  EXPECT_EQ(revocations.size(), 0U);
}

}  // namespace
}  // namespace sluice::identity
