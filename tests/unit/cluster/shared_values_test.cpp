#include "cluster/shared_values.hpp"

#include <boost/asio/post.hpp>

#include "tests/unit/cluster/nats_test_client.hpp"

namespace sluice::cluster {
namespace {

using base::Errc;
using Texts = std::vector<std::string>;

class SharedValuesTest : public NatsTest {
 protected:
  struct Node {
    NatsTestClient* client;
    std::unique_ptr<NatsSharedValues> values;
    int times_there = 0;
    std::vector<base::Status> found;
  };

  Node& start(KeyValueSettings settings = {.age_max = std::chrono::hours(1)}) {
    Node& node = *nodes_.emplace_back(std::make_unique<Node>());
    node.client = &connect(server_);
    const auto post = [this](std::function<void()> job) { boost::asio::post(loop_, std::move(job)); };
    node.values = std::make_unique<NatsSharedValues>(loop_, post, *node.client->client,
                                                     NatsSharedValues::Settings{.name = "shared", .values = settings});
    node.values->watch([&node] { ++node.times_there; });
    return node;
  }
  void open(Node& node) {
    node.values->open([&node](const base::Status& status) { node.found.push_back(status); });
    ASSERT_TRUE(until([&node] { return !node.found.empty(); }));
  }
  template <class T>
  base::Result<T> ended(const std::function<void(std::function<void(base::Result<T>)>)>& call) {
    std::optional<base::Result<T>> result;
    call([&result](base::Result<T> told) { result = std::move(told); });
    if (!until([&result] { return result.has_value(); })) return base::fail(Errc::internal, "nothing was told");
    return *std::move(result);
  }
  base::Result<std::uint64_t> put(Node& node, const std::string& key, const std::string& value) {
    return ended<std::uint64_t>([&](auto then) { node.values->put(key, value, then); });
  }
  base::Result<std::uint64_t> remove(Node& node, const std::string& key) {
    return ended<std::uint64_t>([&](auto then) { node.values->remove(key, then); });
  }
  base::Result<std::vector<workers::SharedValue>> list(Node& node, std::size_t values_max = 100) {
    return ended<std::vector<workers::SharedValue>>([&](auto then) { node.values->list(values_max, then); });
  }
  Texts texts(Node& node) {
    Texts all;
    const auto values = list(node);
    if (!values) return {values.error().detail};
    for (const workers::SharedValue& one : *values) all.push_back(one.key + "=" + one.value);
    return all;
  }

  base::TestFolder folder_;
  NatsTestServer server_{jetstream_in(folder_)};
  std::vector<std::unique_ptr<Node>> nodes_;
};

TEST_F(SharedValuesTest, WhatOnePutsAllFind) {
  Node &one = start(), &two = start();
  open(one);
  open(two);
  const auto first = put(one, "user.a", "1"), second = put(two, "user.b", "2");
  ASSERT_TRUE(first && second);
  EXPECT_LT(*first, *second);
  EXPECT_EQ(texts(one), (Texts{"user.a=1", "user.b=2"}));
  const auto removed = remove(two, "user.a");
  ASSERT_TRUE(removed);
  EXPECT_LT(*second, *removed) << "that, too, has a place in the order";
  EXPECT_EQ(texts(one), Texts{"user.b=2"});
  EXPECT_EQ(list(one)->front().revision, *second);
}

TEST_F(SharedValuesTest, WithoutTheBrokerNothingIsPutAndItsReturnIsTold) {
  Node& one = start();
  EXPECT_EQ(put(one, "user.a", "1").error().code, Errc::unavailable) << "it was not opened";
  open(one);
  ASSERT_TRUE(put(one, "user.a", "1"));
  EXPECT_EQ(one.times_there, 1);
  one.values->close();
  EXPECT_EQ(put(one, "user.a", "2").error().code, Errc::unavailable);
  EXPECT_EQ(list(one).error().code, Errc::unavailable);
  server_.kill();
  server_.start();
  ASSERT_TRUE(until([&] { return (*one.client)->is_connected() && one.client->servers.size() == 2; }));
  open(one);
  ASSERT_TRUE(until([&] { return one.times_there == 2; }));
  EXPECT_EQ(texts(one), Texts{"user.a=1"});
}

TEST_F(SharedValuesTest, ABucketWithOtherSettingsIsToldOfAndLeftAlone) {
  Node &one = start(), &two = start({.age_max = std::chrono::hours(2)});
  open(one);
  open(two);
  ASSERT_FALSE(two.found.front());
  EXPECT_EQ(two.found.front().error().code, Errc::already_exists);
  EXPECT_EQ(put(two, "user.a", "1").error().code, Errc::unavailable);
  EXPECT_TRUE(put(one, "user.a", "1"));
}

TEST_F(SharedValuesTest, WhatIsForgottenLeavesNoTraceUnlessItWasChangedSince) {
  Node& one = start();
  open(one);
  const auto first = put(one, "user.a", "1"), removed = remove(one, "user.a");
  ASSERT_TRUE(first && removed);
  const auto last = put(one, "user.b", "1");
  ASSERT_TRUE(put(one, "user.b", "2"));
  one.values->forget("user.a", *removed);
  one.values->forget("user.b", *last);
  EXPECT_EQ(texts(one), Texts{"user.b=2"});
  const auto state = ended<StreamState>([&](auto then) {
    ASSERT_TRUE(JetStream(*one.client->client, std::chrono::seconds(10)).get_state("KV_shared", then));
  });
  ASSERT_TRUE(state);
  EXPECT_EQ(state->messages, 1u);
}

TEST_F(SharedValuesTest, MoreThanWantedIsAnError) {
  Node& one = start();
  open(one);
  for (const char* key : {"a", "b", "c"}) ASSERT_TRUE(put(one, key, ""));
  EXPECT_EQ(list(one, 2).error().code, Errc::too_many);
  EXPECT_EQ(put(one, "not a key", "").error().code, Errc::bad_request);
}

}  // namespace
}  // namespace sluice::cluster
