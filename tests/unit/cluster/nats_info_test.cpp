#include "cluster/nats_info.hpp"

#include <gtest/gtest.h>

#include "cluster/json_object.hpp"

namespace sluice::cluster {
namespace {

TEST(NatsInfo, ReadsWhatAServerSays) {
  const auto info = NatsInfo::parse(
      R"({"server_id":"N1","server_name":"one","version":"2.9.10","headers":true,"max_payload":1048576,)"
      R"("jetstream":true,"tls_required":true,"nonce":"abc","ldm":true,"cluster":"c",)"
      R"("connect_urls":["10.0.0.1:4222","[::1]:4223"],"unknown":{"a":[1]}})");
  ASSERT_TRUE(info);
  EXPECT_EQ(info->server_id, "N1");
  EXPECT_EQ(info->server_name, "one");
  EXPECT_EQ(info->version, "2.9.10");
  EXPECT_EQ(info->cluster, "c");
  EXPECT_EQ(info->nonce, "abc");
  EXPECT_EQ(info->message_bytes_max, 1048576u);
  EXPECT_EQ(info->connect_urls, (std::vector<std::string>{"10.0.0.1:4222", "[::1]:4223"}));
  EXPECT_TRUE(info->has_headers && info->has_jetstream && info->requires_tls && info->offers_tls && info->is_lame_duck);
}

TEST(NatsInfo, TakesWhatIsMissingForNo) {
  const auto info = NatsInfo::parse(R"({"max_payload":1,"connect_urls":null,"nonce":7,"tls_available":true})");
  ASSERT_TRUE(info);
  EXPECT_TRUE(info->connect_urls.empty() && info->nonce.empty() && info->offers_tls);
  EXPECT_FALSE(info->has_headers || info->has_jetstream || info->requires_tls || info->is_lame_duck);
}

TEST(NatsInfo, RefusesWhatIsNone) {
  for (const auto* const json : {"", "[]", "{", "{}", R"({"max_payload":0})", R"({"max_payload":-1})"}) {
    EXPECT_FALSE(NatsInfo::parse(json)) << json;
  }
}

TEST(JsonObject, ReadsMembersByTheirTypes) {
  const auto object = JsonObject::parse(" {\"t\":\"a\\u0041\",\"n\":-5,\"f\":1.5,\"o\":{\"n\":7},\"l\":[\"x\",2]}\r\n");
  ASSERT_TRUE(object);
  EXPECT_EQ(object->text("t"), "aA");
  EXPECT_EQ(object->number("n"), -5);
  EXPECT_EQ(object->number("f"), 0);
  EXPECT_EQ(object->number("t"), 0);
  EXPECT_EQ(object->text("n"), "");
  EXPECT_EQ(object->object("o").number("n"), 7);
  EXPECT_FALSE(object->object("n").has("n"));
  EXPECT_EQ(object->texts("l"), std::vector<std::string>{"x"});
}

}  // namespace
}  // namespace sluice::cluster
