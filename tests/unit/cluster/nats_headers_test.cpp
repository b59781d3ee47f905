#include "cluster/nats_headers.hpp"

#include <gtest/gtest.h>

#include <array>

namespace sluice::cluster {
namespace {

std::string mistake_in(std::string_view block) {
  const auto headers = NatsHeaders::parse(block);
  return headers ? std::string() : headers.error().detail;
}

TEST(NatsHeaders, ReadsWhatItWrites) {
  const std::array<NatsHeader, 3> headers{{{"A", "1"}, {"B", "two: words"}, {"A", ""}}};
  std::string block;
  append_headers(block, headers);
  EXPECT_EQ(block.size(), header_bytes(headers));
  const auto read = NatsHeaders::parse(block);
  ASSERT_TRUE(read);
  ASSERT_EQ(read->all().size(), 3u);
  EXPECT_EQ(read->status(), nats_status::none);
  EXPECT_EQ(read->find("A"), "1");
  EXPECT_EQ(read->find("B"), "two: words");
  EXPECT_EQ(read->all()[2].value, "");
  EXPECT_EQ(read->find_last("A"), "");
  EXPECT_FALSE(read->find("a") || read->find_last("a"));
}

TEST(NatsHeaders, ReadsAStatus) {
  const auto no_responders = NatsHeaders::parse("NATS/1.0 503\r\n\r\n");
  ASSERT_TRUE(no_responders);
  EXPECT_EQ(no_responders->status(), nats_status::no_responders);
  EXPECT_EQ(no_responders->description(), "");
  const auto not_found = NatsHeaders::parse("NATS/1.0 404 Message Not Found\r\nDescription: x\r\n\r\n");
  ASSERT_TRUE(not_found);
  EXPECT_EQ(not_found->status(), nats_status::not_found);
  EXPECT_EQ(not_found->description(), "Message Not Found");
  EXPECT_EQ(not_found->find("Description"), "x");
}

TEST(NatsHeaders, TakesNoBlockForNoHeaders) {
  const auto none = NatsHeaders::parse("");
  ASSERT_TRUE(none);
  EXPECT_TRUE(none->all().empty());
}

TEST(NatsHeaders, TakesBlanksAroundValuesAway) {
  EXPECT_EQ(NatsHeaders::parse("NATS/1.0\r\nA:1\r\nB: \t2 \r\n\r\n")->find("B"), "2");
}

TEST(NatsHeaders, SaysWhatIsWrong) {
  EXPECT_EQ(mistake_in("HTTP/1.1\r\n\r\n"), "the headers do not begin with NATS/1.0");
  EXPECT_EQ(mistake_in("NATS/1.0 5x3\r\n\r\n"), "what stands behind NATS/1.0 is no status of three digits");
  EXPECT_EQ(mistake_in("NATS/1.0 5034\r\n\r\n"), "what stands behind NATS/1.0 is no status of three digits");
  EXPECT_EQ(mistake_in("NATS/1.0"), "the headers do not end with an empty line");
  EXPECT_EQ(mistake_in("NATS/1.0\r\n"), "the headers do not end with an empty line");
  EXPECT_EQ(mistake_in("NATS/1.0\r\nA: 1\r\n"), "the headers do not end with an empty line");
  EXPECT_EQ(mistake_in("NATS/1.0\r\nA: 1\nB: 2\r\n\r\n"), "a line of the headers has half a line break in it");
  EXPECT_EQ(mistake_in("NATS/1.0\r\nA: 1\r2\r\n\r\n"), "a line of the headers has half a line break in it");
  EXPECT_EQ(mistake_in("NATS/1.0\r\nA\r\n\r\n"), "a header has no colon");
  EXPECT_EQ(mistake_in("NATS/1.0\r\nA B: 1\r\n\r\n"), "a header's name is not visible ASCII");
  EXPECT_EQ(mistake_in("NATS/1.0\r\n: 1\r\n\r\n"), "a header's name is not visible ASCII");
  EXPECT_EQ(mistake_in("NATS/1.0\r\n\r\nA: 1\r\n\r\n"), "bytes stand behind the headers");
}

}  // namespace
}  // namespace sluice::cluster
