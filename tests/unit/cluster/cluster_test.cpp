#include "cluster/cluster.hpp"

#include <sys/wait.h>

#include "tests/unit/cluster/cluster_node.hpp"
#include "tests/unit/cluster/nats_test_client.hpp"

namespace sluice::cluster {
namespace {

using base::Errc;
using workers::Gap;
using workers::message_to;
using workers::RoomKey;
using Texts = std::vector<std::string>;

class ClusterTest : public NatsTest {
 protected:
  // As an operator might, behind the nodes' backs.
  void remove_stream() {
    auto& client = connect(server_);
    bool is_gone = false;
    ASSERT_TRUE(client->request({.subject = "$JS.API.STREAM.DELETE.SLUICE_test"}, std::chrono::seconds(10),
                                [&](const auto&) { is_gone = true; }));
    ASSERT_TRUE(until([&] { return is_gone; }));
  }

  base::TestFolder folder_;
  NatsTestServer server_{jetstream_in(folder_)};
};

Texts texts_of(const workers::Replay& replay) {
  Texts texts;
  for (const auto& message : replay.messages) texts.push_back(message->data);
  return texts;
}

TEST_F(ClusterTest, AllNodesSeeOneOrderWithTheSamePositions) {
  ClusterNode a(server_.url(), 1), b(server_.url(), 2);
  a.join({"x"});
  b.join({"x"});
  Texts expected;
  for (int at = 0; at < 100; ++at) {
    expected.push_back(std::to_string(at));
    ASSERT_GT((at % 2 == 0 ? a : b).say("x", expected.back()), 0u);
  }
  EXPECT_EQ(a.hear(100), expected);
  EXPECT_EQ(b.hear(100), expected);
  EXPECT_EQ(a.positions, b.positions);
  EXPECT_EQ(a.sequencer().position().epoch, b.sequencer().position().epoch);
}

TEST_F(ClusterTest, AReceiptTellsThePlaceAndWhoMatchedHere) {
  ClusterNode a(server_.url(), 1), b(server_.url(), 2);
  a.join({"x"});
  b.join({"x"});
  const auto receipt = a.publish(message_to("x", "1"));
  ASSERT_TRUE(receipt) << receipt.error().detail;
  EXPECT_EQ(receipt->matched, 1u);
  EXPECT_EQ(b.hear(1), Texts{"1"});
  EXPECT_EQ(b.positions.front(), receipt->position);
  EXPECT_EQ(a.metrics().published.read(), 1u);
  EXPECT_EQ(a.metrics().waiting.read(), 0u);
}

TEST_F(ClusterTest, OfRoomsThatNobodyIsInNothingComes) {
  ClusterNode a(server_.url(), 1), b(server_.url(), 2);
  a.join({"x"});
  b.join({"y"});
  for (int at = 0; at < 10; ++at) a.say("x", "for others");
  b.say("y", "for you");
  EXPECT_EQ(b.hear(1), Texts{"for you"});
  EXPECT_EQ(b.metrics().received.read(), 1u);
  EXPECT_EQ(a.hear(10).size(), 10u);
}

TEST_F(ClusterTest, JoiningWithAPositionGivesExactlyWhatWasMissed) {
  ClusterNode a(server_.url(), 1), b(server_.url(), 2);
  ASSERT_TRUE(a.prepare({"x"}));
  const base::Position start = a.sequencer().position();
  Texts all;
  std::vector<std::uint64_t> offsets;
  for (int at = 0; at < 20; ++at) {
    all.push_back(std::to_string(at));
    offsets.push_back(a.say("x", all.back()));
    a.say("loud", "not for you");
  }
  // The node has never heard of the room.
  const auto whole = b.join({"x"}, start);
  EXPECT_EQ(whole.replay.gap, Gap::none);
  EXPECT_EQ(texts_of(whole.replay), all);
  const auto half = b.join({"x"}, base::Position{start.epoch, offsets[9]});
  EXPECT_EQ(half.replay.gap, Gap::none);
  EXPECT_EQ(texts_of(half.replay), Texts(all.begin() + 10, all.end()));
  a.say("x", "more");
  EXPECT_EQ(b.hear(1), Texts{"more"});
}

TEST_F(ClusterTest, MessagesForSeveralRoomsAreInTheHistoryOfEach) {
  ClusterNode a(server_.url(), 1), b(server_.url(), 2);
  ASSERT_TRUE(a.prepare({"x"}));
  const base::Position start = a.sequencer().position();
  ASSERT_TRUE(a.publish(message_to({"x", "y"}, "both")));
  a.say("x", "one");
  ASSERT_TRUE(a.publish(message_to({"y", "z"}, "others")));
  EXPECT_EQ(texts_of(b.join({"x"}, start).replay), (Texts{"both", "one"}));
  EXPECT_EQ(texts_of(b.join({"z"}, start).replay), Texts{"others"});
  EXPECT_EQ(texts_of(b.join({"x", "y"}, start).replay), (Texts{"both", "one", "others"}));
}

TEST_F(ClusterTest, APositionAheadOfThisNodeIsNoFuture) {
  ClusterNode a(server_.url(), 1), b(server_.url(), 2);
  ASSERT_TRUE(a.prepare({"x"}));
  b.join({"x"});
  const auto receipt = a.publish(message_to("elsewhere", "1"));
  ASSERT_TRUE(receipt);
  const auto joined = b.join({"x"}, receipt->position);
  EXPECT_EQ(joined.replay.gap, Gap::none);
  const base::Position never{receipt->position.epoch, receipt->position.offset + 1'000'000};
  EXPECT_EQ(b.join({"x"}, never).replay.gap, Gap::future);
  EXPECT_EQ(b.join({"x"}, base::Position{7, 1}).replay.gap, Gap::other_epoch);
}

TEST_F(ClusterTest, WhatTheStreamHasLostIsAGapForThatRoomAlone) {
  ClusterNode a(server_.url(), 1), b(server_.url(), 2);
  ASSERT_TRUE(a.prepare({"x"}));
  const base::Position start = a.sequencer().position();
  a.say("quiet", "1");
  for (int at = 0; at < 300; ++at) a.say("loud", std::to_string(at));
  const auto loud = b.join({"loud"}, start);
  EXPECT_EQ(loud.replay.gap, Gap::evicted);
  EXPECT_EQ(loud.replay.messages.size(), 256u);
  const auto quiet = b.join({"quiet"}, start);
  EXPECT_EQ(quiet.replay.gap, Gap::none);
  EXPECT_EQ(texts_of(quiet.replay), Texts{"1"});
}

TEST_F(ClusterTest, MessagesThatAreNotStoredComeInTheirOrderAmongThemselves) {
  ClusterNode a(server_.url(), 1), b(server_.url(), 2);
  b.join({"x"});
  Texts stored, others;
  std::vector<std::shared_ptr<std::promise<void>>> told;
  for (int at = 10; at < 60; ++at) {
    auto message = message_to("x", std::to_string(at));
    message->stored = at % 2 == 0;
    (message->stored ? stored : others).push_back(message->data);
    told.push_back(std::make_shared<std::promise<void>>());
    const auto outcome = a.cluster().broker().publish(a.sequencer(), message, {},
                                                      [one = told.back()](const auto&) { one->set_value(); });
    ASSERT_FALSE(outcome);
  }
  for (const auto& one : told) one->get_future().wait();
  const Texts heard = b.hear(50);
  Texts heard_stored, heard_others;
  for (const std::string& text : heard) (text.back() % 2 == 0 ? heard_stored : heard_others).push_back(text);
  EXPECT_EQ(heard_stored, stored);
  EXPECT_EQ(heard_others, others);
  // One that is not stored has the position of the last that was, or of a sign of life that came meanwhile.
  for (std::size_t at = 1; at < b.positions.size(); ++at) EXPECT_GE(b.positions[at].offset, b.positions[at - 1].offset);
}

TEST_F(ClusterTest, WhileTheBrokerIsAwayPublishersAreToldAndNothingIsLostAfterwards) {
  ClusterNode a(server_.url(), 1), b(server_.url(), 2);
  b.join({"x"});
  a.say("x", "before");
  EXPECT_EQ(b.hear(1), Texts{"before"});
  server_.kill();
  ASSERT_TRUE(ClusterNode::eventually([&] { return a.metrics().connected.read() == 0; }));
  ASSERT_TRUE(ClusterNode::eventually([&] { return b.metrics().connected.read() == 0; }));
  const auto refused = a.publish(message_to("x", "meanwhile"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::unavailable);
  // A client's message waits instead.
  const auto waits = a.cluster().broker().publish(a.sequencer(), message_to("x", "a client's"),
                                                  {.worker = base::WorkerId{0}}, nullptr);
  ASSERT_TRUE(waits);
  EXPECT_EQ(waits->error().code, Errc::exhausted);
  server_.start();
  ASSERT_TRUE(ClusterNode::eventually([&] { return a.metrics().connected.read() == 1; }));
  Texts expected;
  for (int at = 0; at < 20; ++at) {
    expected.push_back(std::to_string(at));
    a.say("x", expected.back());
  }
  // Whether the other node was back for the first of them or not.
  EXPECT_EQ(b.hear(20), expected);
  EXPECT_EQ(b.gaps, 0u);
}

TEST_F(ClusterTest, WhatWasUnderWayWhenTheBrokerWentArrivesOnce) {
  ClusterNode a(server_.url(), 1), b(server_.url(), 2);
  b.join({"x"});
  std::vector<std::shared_ptr<std::promise<bool>>> told;
  Texts expected;
  for (int at = 0; at < 200; ++at) {
    expected.push_back(std::to_string(at));
    told.push_back(std::make_shared<std::promise<bool>>());
    const auto outcome =
        a.cluster().broker().publish(a.sequencer(), message_to("x", expected.back()), {},
                                     [one = told.back()](const auto& receipt) { one->set_value(receipt.has_value()); });
    ASSERT_FALSE(outcome);
  }
  server_.stop();
  server_.start();
  for (const auto& one : told) EXPECT_TRUE(one->get_future().get());
  EXPECT_EQ(b.hear(200), expected);
}

TEST_F(ClusterTest, AFullMailboxDelaysAndLosesNothing) {
  ClusterNode a(server_.url(), 1), b(server_.url(), 2, 10);
  b.join({"x"});
  Texts expected;
  for (int at = 0; at < 100; ++at) {
    expected.push_back(std::to_string(at));
    a.say("x", expected.back());
  }
  EXPECT_TRUE(ClusterNode::eventually([&] { return b.metrics().held.read() >= 90; }));
  EXPECT_EQ(b.hear(100), expected);
}

TEST_F(ClusterTest, ClustersOfOtherNamesAreNoneOfItsBusiness) {
  ClusterNode a(server_.url(), 1), b(server_.url(), 2, 1000, "another");
  a.join({"x"});
  b.join({"x"});
  b.say("x", "theirs");
  a.say("x", "ours");
  EXPECT_EQ(a.hear(1), Texts{"ours"});
  EXPECT_EQ(b.hear(1), Texts{"theirs"});
}

TEST_F(ClusterTest, AnotherStreamIsAnotherHistory) {
  ClusterNode a(server_.url(), 1);
  a.join({"x"});
  a.say("x", "1");
  EXPECT_EQ(a.hear(1), Texts{"1"});
  const base::Position before = a.sequencer().position();
  remove_stream();
  server_.kill();
  server_.start();
  ASSERT_TRUE(ClusterNode::eventually([&] { return a.metrics().connects.read() == 2; }));
  ASSERT_TRUE(ClusterNode::eventually([&] { return a.metrics().connected.read() == 1; }));
  a.say("x", "2");
  EXPECT_EQ(a.hear(1), Texts{"2"});
  EXPECT_EQ(a.gaps, 1u);
  EXPECT_NE(a.sequencer().position().epoch, before.epoch);
  EXPECT_EQ(a.join({"x"}, before).replay.gap, Gap::other_epoch);
}

// While nodes are connected, and without their being told.
TEST_F(ClusterTest, WhatIsPublishedToAnotherStreamIsHeardFromItsBeginning) {
  ClusterNode a(server_.url(), 1), b(server_.url(), 2);
  for (ClusterNode* node : {&a, &b}) node->join({"x", "y"});
  for (int count = 0; count < 20; ++count) a.say("x", std::to_string(count));
  for (ClusterNode* node : {&a, &b}) EXPECT_EQ(node->hear(20).size(), 20u);
  const base::Position before = b.sequencer().position();
  remove_stream();
  Texts said;
  for (int count = 0; count < 60; ++count) {
    said.push_back("new " + std::to_string(count));
    a.say(count % 2 == 0 ? "x" : "y", said.back());
  }
  for (ClusterNode* node : {&a, &b}) {
    EXPECT_EQ(node->hear(60), said);
    EXPECT_EQ(node->gaps, 1u);
    EXPECT_NE(node->sequencer().position().epoch, before.epoch);
  }
  EXPECT_EQ(a.sequencer().position().epoch, b.sequencer().position().epoch);
  const auto again = a.join({"x"}, base::Position{b.sequencer().position().epoch, 0});
  EXPECT_EQ(again.replay.gap, Gap::none);
  EXPECT_EQ(again.replay.messages.size(), 30u);
}

TEST_F(ClusterTest, MalformedMessagesAreCountedAndHurtNobody) {
  ClusterNode a(server_.url(), 1);
  a.join({"x"});
  auto& client = connect(server_);
  const Subjects subjects("test");
  const std::string what = Subjects::of("/", RoomKey::room("x"));
  for (const std::string& subject : {subjects.stored(what), subjects.copy(what)}) {
    ASSERT_TRUE(client->publish({.subject = subject, .payload = "no message of ours"}));
  }
  ASSERT_TRUE(flush(client));
  ASSERT_TRUE(ClusterNode::eventually([&] { return a.metrics().malformed.read() == 2; }));
  a.say("x", "fine");
  EXPECT_EQ(a.hear(1), Texts{"fine"});
}

TEST_F(ClusterTest, AStreamWithOtherSettingsIsRefusedWithAllThatDiffers) {
  auto& client = connect(server_);
  JetStream streams(*client.client, std::chrono::seconds(10));
  ASSERT_TRUE(told<StreamState>([&](auto done) {
    return streams.ensure_stream({.name = "SLUICE_test", .subjects = {"sluice.test.p.>"}}, IfMissing::make, done);
  }));
  ClusterNode a(server_.url(), 1);
  const auto found = a.found();
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, Errc::already_exists);
  EXPECT_NE(found.error().detail.find("max_msgs_per_subject is -1, 256 was expected"), std::string::npos);
}

TEST_F(ClusterTest, WrongCredentialsEndTheSearch) {
  const NatsTestServer guarded("authorization { user: u, password: p }");
  ClusterNode a(guarded.url(), 1);
  const auto found = a.found();
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, Errc::unauthenticated);
}

}  // namespace
}  // namespace sluice::cluster
