#include "workers/sequencer.hpp"

#include <gtest/gtest.h>
#include <poll.h>

#include "tests/unit/workers/one_order.hpp"

namespace sluice::workers {
namespace {

bool is_woken(const OneOrder& order, std::size_t worker) {
  pollfd watched{order.mailboxes[worker]->descriptor(), POLLIN, 0};
  return poll(&watched, 1, 0) == 1;
}

std::shared_ptr<Message> without_storage(const char* room, std::string data) {
  auto message = message_to(room, std::move(data));
  message->stored = false;
  return message;
}

TEST(Sequencer, GivesPositionsFromOneOn) {
  OneOrder order;
  EXPECT_EQ(order.sequencer->position(), OneOrder::at(0));
  for (std::uint64_t offset = 1; offset <= 3; ++offset) {
    const auto message = message_to("a", "x");
    const auto receipt = order.publish(message);
    ASSERT_TRUE(receipt);
    EXPECT_EQ(receipt->position, OneOrder::at(offset));
    EXPECT_EQ(message->position, OneOrder::at(offset));
    EXPECT_EQ(message->place, offset);
  }
  EXPECT_EQ(order.sequencer->position(), OneOrder::at(3));
}

TEST(Sequencer, AVolatileMessageHasAPlaceAndRepeatsTheLastPosition) {
  OneOrder order;
  order.join(0, {"a"});
  const auto first = without_storage("a", "v0");
  EXPECT_EQ(order.publish(first)->position, OneOrder::at(0));
  order.say("a", "one");
  const auto second = without_storage("a", "v1");
  EXPECT_EQ(order.publish(second)->position, OneOrder::at(1));
  EXPECT_EQ(first->place, 1u);
  EXPECT_EQ(second->place, 3u);
  EXPECT_EQ(order.say("a", "two"), 2u);
  EXPECT_EQ(order.mail_of(0), (Texts{"v0", "one", "v1", "two"}));
  EXPECT_EQ(texts_of(order.replay({"a"}, 0)), (Texts{"one", "two"}));
}

TEST(Sequencer, OnlyWorkersWithMembersGetMail) {
  OneOrder order({}, 3);
  order.join(0, {"a"});
  order.join(2, {"b"});
  order.say("a", "to-a");
  order.say({"a", "b"}, "to-both");
  order.say("nobody", "to-none");
  EXPECT_EQ(order.mail_of(0), (Texts{"to-a", "to-both"}));
  EXPECT_EQ(order.mail_of(1), Texts{});
  EXPECT_EQ(order.mail_of(2), Texts{"to-both"});
}

TEST(Sequencer, WakesThoseThatGetMailButNotThePublisher) {
  OneOrder order({}, 3);
  order.join(0, {"a"});
  order.join(1, {"a"});
  ASSERT_TRUE(order.sequencer->publish(message_to("a", "x"), base::WorkerId{0}));
  EXPECT_FALSE(is_woken(order, 0));
  EXPECT_TRUE(is_woken(order, 1));
  EXPECT_FALSE(is_woken(order, 2));
}

TEST(Sequencer, AWorkerWhoseLastMemberLeftGetsNoMail) {
  OneOrder order;
  order.join(0, {"a"});
  order.join(0, {"a"});
  order.leave(0, {"a"});
  order.say("a", "one");
  order.leave(0, {"a"});
  order.say("a", "two");
  EXPECT_EQ(order.mail_of(0), Texts{"one"});
}

TEST(Sequencer, RoutesSingleConnectionsByTheirId) {
  OneOrder order;
  auto message = std::make_shared<Message>();
  message->target.connections = {
      {1, base::WorkerId{1}, 5, 1}, {1, base::WorkerId{1}, 6, 1}, {1, base::WorkerId{9}, 0, 1}};
  message->data = "x";
  const auto receipt = order.publish(message);
  ASSERT_TRUE(receipt);
  EXPECT_FALSE(receipt->is_exact);
  EXPECT_EQ(order.mail_of(0), Texts{});
  EXPECT_EQ(order.mail_of(1), Texts{"x"});
}

TEST(Sequencer, MatchedOfOneRoomIsExact) {
  OneOrder order;
  for (int count = 0; count < 3; ++count) order.join(0, {"a"});
  order.join(1, {"a", "b"});
  const auto receipt = order.publish(message_to("a", "x"));
  EXPECT_EQ(receipt->matched, 4u);
  EXPECT_TRUE(receipt->is_exact);
  EXPECT_EQ(order.publish(message_to("nobody", "x"))->matched, 0u);
}

TEST(Sequencer, MatchedOfMoreThanOneRoomIsAnUpperBound) {
  OneOrder order;
  order.join(0, {"a", "b"});
  const auto both = order.publish(message_to({"a", "b"}, "x"));
  EXPECT_EQ(both->matched, 2u);
  EXPECT_FALSE(both->is_exact);
  auto excepting = message_to("a", "x");
  excepting->target.except_rooms = rooms_named({"b"});
  const auto receipt = order.publish(excepting);
  EXPECT_EQ(receipt->matched, 1u);
  EXPECT_FALSE(receipt->is_exact);
}

TEST(Sequencer, MembersAreCountedOverAllWorkersUntilTheyLeave) {
  OneOrder order;
  order.join(0, {"a", "b"});
  order.join(1, {"a"});
  EXPECT_EQ(order.sequencer->members(RoomKey::room("a")), 2u);
  order.leave(0, {"a", "b"});
  EXPECT_EQ(order.sequencer->members(RoomKey::room("a")), 1u);
  EXPECT_EQ(order.sequencer->members(RoomKey::room("b")), 0u);
  EXPECT_EQ(order.sequencer->members(RoomKey::user("a")), 0u);
  order.leave(1, {"a"});
  EXPECT_EQ(order.sequencer->size().rooms, 0u);
}

TEST(SequencerDeathTest, LeavingWithoutHavingJoinedIsABrokenInvariant) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  OneOrder order;
  order.join(0, {"a"});
  EXPECT_DEATH(order.leave(1, {"a"}), "broken invariant");
}

TEST(Sequencer, AFullMailboxRefusesThePublishAndLeavesNothingBehind) {
  OneOrder order({}, 3, 1 << 30, 2);
  for (std::uint16_t worker = 0; worker < 3; ++worker) order.join(worker, {"all"});
  order.join(1, {"loud"});
  order.say("loud", "1");
  order.say("loud", "2");
  const std::size_t history_bytes = order.budget.used();
  const auto refused = order.publish(message_to("all", "x"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, base::Errc::exhausted);
  EXPECT_EQ(order.sequencer->position(), OneOrder::at(2));
  EXPECT_EQ(order.budget.used(), history_bytes);
  for (const std::size_t worker : {0u, 2u}) {
    EXPECT_EQ(order.mailboxes[worker]->depth(), 0u);
    EXPECT_EQ(order.mailboxes[worker]->queued_bytes(), 0u);
    EXPECT_EQ(order.mail_of(worker), Texts{});
    EXPECT_FALSE(is_woken(order, worker));
  }
  EXPECT_TRUE(order.replay({"all"}, 0).messages.empty());
  EXPECT_EQ(order.mail_of(1), (Texts{"1", "2"}));
  EXPECT_EQ(order.say("all", "y"), 3u);
  EXPECT_EQ(order.mail_of(2), Texts{"y"});
}

TEST(Sequencer, AFullMailboxOfAWorkerWithoutMembersRefusesNothing) {
  OneOrder order({}, 2, 1 << 30, 1);
  order.join(0, {"a"});
  order.join(1, {"b"});
  order.say("b");
  EXPECT_TRUE(order.publish(message_to("a", "x")));
  EXPECT_FALSE(order.publish(message_to("b", "x")));
}

TEST(Sequencer, AClosedMailboxRefuses) {
  OneOrder order;
  order.join(0, {"a"});
  order.mailboxes[0]->close();
  EXPECT_FALSE(order.publish(message_to("a", "x")));
}

TEST(Sequencer, JoiningTellsWhereTheOrderStands) {
  OneOrder order;
  order.say("a");
  ASSERT_TRUE(order.publish(without_storage("a", "v")));
  const Joined joined = order.join(0, {"a"});
  EXPECT_EQ(joined.place, 2u);
  EXPECT_EQ(joined.position, OneOrder::at(1));
  EXPECT_TRUE(joined.replay.messages.empty());
  EXPECT_EQ(joined.replay.gap, Gap::none);
}

TEST(Sequencer, JoiningWithAPositionReplaysExactlyWhatWasMissed) {
  OneOrder order;
  for (const char* text : {"1", "2", "3", "4"}) order.say("a", text);
  const Joined joined = order.join(0, {"a"}, 2);
  EXPECT_EQ(texts_of(joined.replay), (Texts{"3", "4"}));
  EXPECT_EQ(joined.replay.gap, Gap::none);
  order.say("a", "5");
  EXPECT_EQ(order.mail_of(0), Texts{"5"});
}

TEST(Sequencer, JoiningSeveralRoomsReplaysThemInOneOrder) {
  OneOrder order;
  order.say("b", "1");
  order.say("a", "2");
  order.say({"b", "a"}, "3");
  order.say("b", "4");
  EXPECT_EQ(texts_of(order.join(0, {"a", "b"}, 0).replay), (Texts{"1", "2", "3", "4"}));
}

}  // namespace
}  // namespace sluice::workers
