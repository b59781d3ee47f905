#include "cluster/nats_protocol.hpp"

#include <gtest/gtest.h>

#include <array>

#include "cluster/json_object.hpp"
#include "cluster/nats_parser.hpp"

namespace sluice::cluster {
namespace {

std::string written(const NatsPublication& publication) {
  std::string out;
  nats_protocol::append_publish(out, publication);
  return out;
}

TEST(NatsProtocol, WritesAPublication) {
  EXPECT_EQ(written({.subject = "a.b", .payload = "hello"}), "PUB a.b 5\r\nhello\r\n");
  EXPECT_EQ(written({.subject = "a.b", .reply = "c"}), "PUB a.b c 0\r\n\r\n");
}

TEST(NatsProtocol, WritesAPublicationWithHeaders) {
  const std::array<NatsHeader, 2> headers{{{"Nats-Msg-Id", "7"}, {"Empty", ""}}};
  const NatsPublication publication{.subject = "a", .payload = "hi", .reply = "r", .headers = headers};
  EXPECT_EQ(written(publication), "HPUB a r 37 39\r\nNATS/1.0\r\nNats-Msg-Id: 7\r\nEmpty: \r\n\r\nhi\r\n");
  EXPECT_LE(written(publication).size(), nats_protocol::publish_bytes_max(publication));
}

TEST(NatsProtocol, WritesSubscriptions) {
  std::string out;
  nats_protocol::append_subscribe(out, "a.>", "", 1);
  nats_protocol::append_subscribe(out, "a.*", "group", 2);
  nats_protocol::append_unsubscribe(out, 1, 0);
  nats_protocol::append_unsubscribe(out, 2, 5);
  EXPECT_EQ(out, "SUB a.> 1\r\nSUB a.* group 2\r\nUNSUB 1\r\nUNSUB 2 5\r\n");
}

TEST(NatsProtocol, WritesConnectWithWhatIsGiven) {
  std::string out;
  nats_protocol::append_connect(out, {.name = "a \"node\"", .user = "u", .password = "p\n", .is_secured = true});
  ASSERT_TRUE(out.starts_with("CONNECT ") && out.ends_with("\r\n"));
  EXPECT_EQ(out.find('\n'), out.size() - 1);
  const auto json = JsonObject::parse(std::string_view(out).substr(8));
  ASSERT_TRUE(json);
  EXPECT_EQ(json->text("name"), "a \"node\"");
  EXPECT_EQ(json->text("user"), "u");
  EXPECT_EQ(json->text("pass"), "p\n");
  EXPECT_FALSE(json->has("auth_token"));
  EXPECT_FALSE(json->has("jwt"));
  EXPECT_TRUE(json->is_true("headers") && json->is_true("no_responders") && json->is_true("tls_required"));
}

TEST(NatsProtocol, KnowsSubjects) {
  for (const auto* const good : {"a", "a.b.c", "$JS.API.INFO", "a.b*", "a.>x", "raum.gr\xC3\xBC\xC3\x9F"}) {
    EXPECT_TRUE(is_subject(good)) << good;
  }
  for (const auto* const bad : {"", ".", "a.", ".a", "a..b", "a b", "a\tb", "a\r\n", "*", "a.*", ">", "a.>", "a\x7F"}) {
    EXPECT_FALSE(is_subject(bad)) << bad;
  }
  EXPECT_FALSE(is_subject(std::string_view("a\0b", 3)));
}

TEST(NatsProtocol, KnowsPatterns) {
  for (const auto* const good : {"a", "*", ">", "a.*.b", "a.>", "*.*.>"}) EXPECT_TRUE(is_pattern(good)) << good;
  for (const auto* const bad : {"", "a..*", ">.a", "a.>.b", "a >"}) EXPECT_FALSE(is_pattern(bad)) << bad;
}

TEST(NatsProtocol, ASubjectFitsAControlLine) {
  const std::size_t most = nats_protocol::control_line_bytes_max - nats_protocol::control_line_bytes_beside;
  EXPECT_TRUE(is_subject(std::string(most, 'a')));
  EXPECT_FALSE(is_subject(std::string(most + 1, 'a')));
  const std::string half(most / 2, 'a');
  EXPECT_TRUE(nats_protocol::check({.subject = half, .reply = half}));
  EXPECT_FALSE(nats_protocol::check({.subject = half + "a", .reply = half}));
}

TEST(NatsProtocol, RefusesWhatCannotBeWritten) {
  using nats_protocol::check;
  const auto with = [](std::string_view name, std::string_view value) {
    const NatsHeader header{name, value};
    return check({.subject = "a", .headers = {&header, 1}});
  };
  EXPECT_EQ(check({.subject = "a.*"}).error().detail, "that is no subject to publish to");
  EXPECT_EQ(check({.subject = "a", .reply = "b c"}).error().detail, "the reply subject is none");
  EXPECT_TRUE(with("Name", "a value: with a colon"));
  EXPECT_EQ(with("Na:me", "").error().detail, "a header's name or value cannot be written");
  EXPECT_FALSE(with("", "value"));
  EXPECT_FALSE(with("Na me", "value"));
  EXPECT_FALSE(with("Name", "val\r\nue"));
}

}  // namespace
}  // namespace sluice::cluster
