#include "cluster/stream_settings.hpp"

#include <gtest/gtest.h>

#include "cluster/rfc3339.hpp"

namespace sluice::cluster {
namespace {

using namespace std::chrono_literals;

StreamSettings example() {
  StreamSettings settings{.name = "S", .subjects = {"b.>", "a.*"}};
  settings.republish = StreamSettings::Republish{"b.>", "c.>"};
  settings.messages_per_subject_max = 100;
  settings.bytes_max = 1 << 20;
  settings.age_max = 1h;
  settings.storage = StreamSettings::Storage::memory;
  settings.replicas = 3;
  return settings;
}

std::string difference(const StreamSettings& is, const StreamSettings& expected) {
  const std::string json = is.json();
  return expected.difference(*JsonObject::parse(json));
}

TEST(StreamSettings, WriteWhatTheyRead) {
  EXPECT_EQ(difference(example(), example()), "");
  EXPECT_EQ(difference({.name = "S", .subjects = {"a"}}, {.name = "S", .subjects = {"a"}}), "");
}

TEST(StreamSettings, DoNotMindTheOrderOfSubjects) {
  StreamSettings other = example();
  other.subjects = {"a.*", "b.>"};
  EXPECT_EQ(difference(other, example()), "");
}

TEST(StreamSettings, NameEachSettingThatIsAnother) {
  const auto changed = [](auto&& change) {
    StreamSettings settings = example();
    change(settings);
    return difference(settings, example());
  };
  EXPECT_EQ(changed([](auto& one) { one.subjects = {"x", "a.*"}; }), "subjects is a.*, x, a.*, b.> was expected");
  EXPECT_EQ(changed([](auto& one) { one.messages_per_subject_max = -1; }),
            "max_msgs_per_subject is -1, 100 was expected");
  EXPECT_EQ(changed([](auto& one) { one.age_max = 1500ms; }), "max_age is 1500 ms, 3600 s was expected");
  EXPECT_EQ(changed([](auto& one) { one.storage = StreamSettings::Storage::file; }),
            "storage is file, memory was expected");
  EXPECT_EQ(changed([](auto& one) { one.discard = StreamSettings::Discard::newest; }),
            "discard is new, old was expected");
  EXPECT_EQ(changed([](auto& one) { one.replicas = 1; }), "num_replicas is 1, 3 was expected");
  EXPECT_EQ(changed([](auto& one) { one.allows_direct = false; }), "allow_direct is false, true was expected");
  EXPECT_EQ(changed([](auto& one) { one.duplicate_window = 1ns; }), "duplicate_window is 1 ns, 120 s was expected");
  EXPECT_EQ(changed([](auto& one) { one.republish.reset(); }),
            "republish.src is none, b.> was expected; republish.dest is none, c.> was expected");
}

TEST(StreamSettings, KnowStreamsThatTakeNothing) {
  std::string json = example().json();
  json.insert(1, R"("no_ack":true,"sealed":true,"mirror":{"name":"M"},"sources":[{"name":"O"}],)");
  EXPECT_EQ(example().difference(*JsonObject::parse(json)),
            "no_ack is true, false was expected; sealed is true, false was expected; mirror is M, none was expected; "
            "sources is set, none was expected");
}

TEST(StreamSettings, KnowNamesOfStreams) {
  EXPECT_TRUE(is_stream_name("KV_a-b"));
  for (const auto* const bad : {"", "a.b", "a b", "*", ">", "a/b", "a\\b"}) EXPECT_FALSE(is_stream_name(bad)) << bad;
}

TEST(Rfc3339, ReadsTimesToTheNanosecond) {
  const auto nanoseconds = [](std::string_view text) { return parse_rfc3339(text)->time_since_epoch().count(); };
  EXPECT_EQ(nanoseconds("1970-01-01T00:00:00Z"), 0);
  EXPECT_EQ(nanoseconds("2023-01-02T15:04:05.123456789Z"), 1672671845123456789);
  EXPECT_EQ(nanoseconds("2023-01-02T15:04:05.5Z"), 1672671845500000000);
  EXPECT_EQ(nanoseconds("2023-01-02T16:04:05+01:00"), 1672671845000000000);
  EXPECT_EQ(nanoseconds("2023-01-02T13:34:05-01:30"), 1672671845000000000);
}

TEST(Rfc3339, RefusesWhatIsNoTime) {
  for (const auto* const bad :
       {"", "2023", "2023-13-01T00:00:00Z", "2023-02-30T00:00:00Z", "2023-01-01T24:00:00Z", "2023-01-01T00:60:00Z",
        "2023-01-01T00:00:00", "2023-01-01T00:00:00.Z", "2023-01-01T00:00:00Zx", "2023-01-01 00:00:00Z",
        "1969-01-01T00:00:00Z", "2300-01-01T00:00:00Z", "2023-01-01T00:00:00+1:00"}) {
    EXPECT_FALSE(parse_rfc3339(bad)) << bad;
  }
}

}  // namespace
}  // namespace sluice::cluster
