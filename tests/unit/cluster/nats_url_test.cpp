#include "cluster/nats_url.hpp"

#include <gtest/gtest.h>

namespace sluice::cluster {
namespace {

TEST(NatsUrl, TakesHostsPortsAndSchemes) {
  const auto plain = NatsUrl::parse("nats://broker.example:4333");
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->host, "broker.example");
  EXPECT_EQ(plain->port, 4333);
  EXPECT_FALSE(plain->requires_tls);
  const auto secured = NatsUrl::parse("tls://[fd00::1]/");
  ASSERT_TRUE(secured);
  EXPECT_EQ(secured->text(), "[fd00::1]:4222");
  EXPECT_TRUE(secured->requires_tls);
  EXPECT_EQ(NatsUrl::parse("10.0.0.1")->text(), "10.0.0.1:4222");
}

TEST(NatsUrl, SaysWhatIsWrong) {
  const auto mistake = [](std::string_view text) { return NatsUrl::parse(text).error().detail; };
  EXPECT_TRUE(mistake("http://a").starts_with("a NATS server's URL has another scheme;"));
  EXPECT_TRUE(mistake("nats://user:word@a").starts_with("a NATS server's URL has credentials in it;"));
  EXPECT_EQ(mistake("nats://user:word@a").find("word"), std::string::npos);
  for (const auto* const bad :
       {"", "nats://", "nats://:4222", "a:0", "a:65536", "a:x", "a:", "[::1", "[::1]x", "a b:1", "a/b"}) {
    EXPECT_FALSE(NatsUrl::parse(bad)) << bad;
  }
}

}  // namespace
}  // namespace sluice::cluster
