#include "cluster/nkey.hpp"

#include <gtest/gtest.h>

#include "cluster/nats_credentials.hpp"

namespace sluice::cluster {
namespace {

// A pair that the authors of NKEYs publish as an example.
constexpr std::string_view seed = "SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY";
constexpr std::string_view public_text = "UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4";

TEST(Nkey, GivesThePublicKeyOfASeed) {
  const auto key = Nkey::from_seed(seed);
  ASSERT_TRUE(key);
  EXPECT_EQ(key->public_text(), public_text);
  EXPECT_EQ(key->seed_text(), seed);
}

TEST(Nkey, SignsTheSameWayEachTime) {
  const auto key = Nkey::from_seed(seed);
  ASSERT_TRUE(key);
  EXPECT_EQ(key->sign("nonce").size(), 64u);
  EXPECT_EQ(key->sign("nonce"), key->sign("nonce"));
  EXPECT_NE(key->sign("nonce"), key->sign("another"));
}

// RFC 8032, 7.1, TEST 1
TEST(Nkey, SignsAsTheStandardDoes) {
  const auto bytes = [](std::string_view hex) {
    std::string all;
    for (; !hex.empty(); hex.remove_prefix(2))
      all += static_cast<char>(std::stoi(std::string(hex.substr(0, 2)), nullptr, 16));
    return all;
  };
  const auto key =
      Nkey::from_bytes(bytes("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"), Nkey::Kind::account);
  EXPECT_EQ(key.sign(""), bytes("e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bac"
                                "c61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"));
  EXPECT_EQ(key.public_text().size(), 56u);
  EXPECT_EQ(key.public_text().front(), 'A');
}

TEST(Nkey, SaysWhatIsWrongWithASeed) {
  const auto mistake = [](const std::string& text, Nkey::Kind kind = Nkey::Kind::user) {
    const auto key = Nkey::from_seed(text, kind);
    return key ? std::string() : key.error().detail;
  };
  std::string changed(seed);
  changed[20] = changed[20] == 'A' ? 'B' : 'A';
  EXPECT_EQ(mistake(changed), "an NKEY seed has a checksum that does not fit");
  EXPECT_EQ(mistake("SU"), "an NKEY seed is 58 letters of base32, and that is none");
  EXPECT_EQ(mistake("su1!"), "an NKEY seed is 58 letters of base32, and that is none");
  EXPECT_EQ(mistake(std::string(seed), Nkey::Kind::account), "an NKEY seed of that kind begins with SA");
}

TEST(Nkey, WritesBase64ForUrls) {
  EXPECT_EQ(to_base64url(""), "");
  EXPECT_EQ(to_base64url("\xFB\xFF"), "-_8");
  EXPECT_EQ(to_base64url("abc"), "YWJj");
}

TEST(NatsCredentials, ReadsTokenAndSeed) {
  const auto credentials = NatsCredentials::parse(
      "-----BEGIN NATS USER JWT-----\r\neyJ0.eyJq.sig\r\n------END NATS USER JWT------\r\n\r\n"
      "************************* IMPORTANT *************************\r\n\r\n-----BEGIN USER NKEY SEED-----\r\n" +
      std::string(seed) + "\r\n------END USER NKEY SEED------\r\n");
  ASSERT_TRUE(credentials) << credentials.error().detail;
  EXPECT_EQ(credentials->jwt, "eyJ0.eyJq.sig");
  EXPECT_EQ(credentials->key.public_text(), public_text);
}

TEST(NatsCredentials, TakesASeedAlone) {
  const auto credentials = NatsCredentials::parse(std::string(seed) + "\n");
  ASSERT_TRUE(credentials);
  EXPECT_EQ(credentials->jwt, "");
}

TEST(NatsCredentials, SaysWhatIsMissing) {
  const auto no_seed = NatsCredentials::parse("-----BEGIN NATS USER JWT-----\nx\n------END NATS USER JWT------\n");
  EXPECT_EQ(no_seed.error().detail, "there is no block USER NKEY SEED");
  EXPECT_EQ(NatsCredentials::parse("").error().detail, "there is no block USER NKEY SEED");
  EXPECT_EQ(NatsCredentials::read("/nowhere").error().detail, "/nowhere: cannot be read: No such file or directory");
}

}  // namespace
}  // namespace sluice::cluster
