#include "cluster/key_value.hpp"

#include "tests/unit/cluster/nats_test_client.hpp"

namespace sluice::cluster {
namespace {

using base::Errc;
using namespace std::chrono_literals;

class KeyValueTest : public NatsTest {
 protected:
  base::Result<StreamState> ensure(const KeyValueSettings& settings) {
    return told<StreamState>([&](auto done) { return bucket_.ensure(settings, IfMissing::make, done); });
  }
  base::Result<std::uint64_t> put(std::string_view key, std::string_view value) {
    return told<std::uint64_t>([&](auto done) { return bucket_.put(key, value, done); });
  }
  base::Result<std::uint64_t> create(std::string_view key, std::string_view value) {
    return told<std::uint64_t>([&](auto done) { return bucket_.create(key, value, done); });
  }
  base::Result<std::uint64_t> update(std::string_view key, std::string_view value, std::uint64_t revision) {
    return told<std::uint64_t>([&](auto done) { return bucket_.update(key, value, revision, done); });
  }
  base::Result<std::uint64_t> remove(std::string_view key) {
    return told<std::uint64_t>([&](auto done) { return bucket_.remove(key, done); });
  }
  base::Result<KeyValueEntry> get(std::string_view key) {
    return told<KeyValueEntry>([&](auto done) { return bucket_.get(key, done); });
  }
  base::Result<std::vector<KeyValueEntry>> list(std::size_t entries_max = 100) {
    return told<std::vector<KeyValueEntry>>([&](auto done) { return bucket_.list(entries_max, done); });
  }
  std::string listed() {
    std::string all;
    const auto entries = list();
    if (!entries) return entries.error().detail;
    for (const KeyValueEntry& one : *entries) all += one.key + "=" + one.value + ";";
    return all;
  }

  base::TestFolder folder_;
  NatsTestServer server_{jetstream_in(folder_)};
  NatsTestClient& client_ = connect(server_);
  KeyValue bucket_{JetStream(*client_.client, 10s), "bucket"};
};

TEST_F(KeyValueTest, AKeyHasTheValueThatWasPutLast) {
  ASSERT_TRUE(ensure({}));
  EXPECT_EQ(*put("node.a", "1"), 1u);
  EXPECT_EQ(*put("node.a", "2"), 2u);
  const auto entry = get("node.a");
  ASSERT_TRUE(entry) << entry.error().detail;
  EXPECT_EQ(entry->key, "node.a");
  EXPECT_EQ(entry->value, "2");
  EXPECT_EQ(entry->revision, 2u);
  EXPECT_EQ(get("node.b").error().code, Errc::not_found);
}

TEST_F(KeyValueTest, AKeyThatWasRemovedHasNone) {
  ASSERT_TRUE(ensure({}));
  EXPECT_TRUE(put("a", "1"));
  EXPECT_TRUE(remove("a"));
  EXPECT_EQ(get("a").error().code, Errc::not_found);
  EXPECT_TRUE(remove("never"));
}

TEST_F(KeyValueTest, OneOfManyCreatesAKey) {
  ASSERT_TRUE(ensure({}));
  EXPECT_TRUE(create("a", "1"));
  EXPECT_EQ(create("a", "2").error().code, Errc::already_exists);
  EXPECT_EQ(get("a")->value, "1");
  EXPECT_TRUE(remove("a"));
  EXPECT_TRUE(create("a", "3"));
  EXPECT_EQ(get("a")->value, "3");
}

TEST_F(KeyValueTest, AnUpdateNeedsTheRevision) {
  ASSERT_TRUE(ensure({}));
  const auto first = create("a", "1");
  const auto second = update("a", "2", *first);
  EXPECT_TRUE(second);
  EXPECT_EQ(update("a", "3", *first).error().code, Errc::already_exists);
  EXPECT_TRUE(update("a", "3", *second));
}

TEST_F(KeyValueTest, AValueIsGoneAfterItsTime) {
  ASSERT_TRUE(ensure({.age_max = 3s, .storage = StreamSettings::Storage::memory}));
  EXPECT_TRUE(create("a", "1"));
  EXPECT_TRUE(get("a"));
  // Asked again and again until the server has taken it away.
  ASSERT_TRUE(until([this] { return !get("a"); }));
  EXPECT_EQ(get("a").error().code, Errc::not_found);
  EXPECT_EQ(listed(), "");
  EXPECT_TRUE(create("a", "2"));
}

TEST_F(KeyValueTest, AllThatHaveAValueAreListed) {
  ASSERT_TRUE(ensure({}));
  EXPECT_EQ(listed(), "");
  for (const auto* const key : {"a", "b.c", "d", "a"}) EXPECT_TRUE(put(key, key));
  EXPECT_TRUE(remove("d"));
  EXPECT_EQ(listed(), "b.c=b.c;a=a;");
  EXPECT_TRUE(list(2));
  EXPECT_EQ(list(1).error().code, Errc::too_many);
}

TEST_F(KeyValueTest, ABucketWithOtherSettingsIsTold) {
  ASSERT_TRUE(ensure({.age_max = 60s}));
  EXPECT_TRUE(ensure({.age_max = 60s}));
  const auto other = ensure({.age_max = 30s});
  ASSERT_FALSE(other);
  EXPECT_EQ(
      other.error().detail,
      "the stream KV_bucket has other settings: max_age is 60 s, 30 s was expected; duplicate_window is 60 s, 30 s "
      "was expected");
}

TEST_F(KeyValueTest, WhatIsNoKeyOrBucketIsRefused) {
  for (const auto* const bad : {"", ".a", "a.", "a..b", "a b", "a*", "a>"}) {
    EXPECT_EQ(put(bad, "").error().code, Errc::bad_request) << bad;
    EXPECT_EQ(get(bad).error().code, Errc::bad_request) << bad;
    EXPECT_EQ(remove(bad).error().code, Errc::bad_request) << bad;
  }
  bucket_ = KeyValue(JetStream(*client_.client, 10s), "a.b");
  EXPECT_EQ(ensure({}).error().code, Errc::bad_request);
  EXPECT_EQ(list().error().code, Errc::bad_request);
}

}  // namespace
}  // namespace sluice::cluster
