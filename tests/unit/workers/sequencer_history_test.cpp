// What a sequencer keeps, replays and forgets.
#include <gtest/gtest.h>

#include "tests/unit/workers/one_order.hpp"

namespace sluice::workers {
namespace {

TEST(SequencerHistory, ReplayMergesRoomsInOrderAndGivesEachMessageOnce) {
  OneOrder order;
  order.say("a", "1");
  order.say("b", "2");
  order.say({"a", "b"}, "3");
  order.say("c", "4");
  order.say("a", "5");
  EXPECT_EQ(texts_of(order.replay({"b", "a"}, 0)), (Texts{"1", "2", "3", "5"}));
  EXPECT_EQ(texts_of(order.replay({"b", "a"}, 2)), (Texts{"3", "5"}));
  EXPECT_EQ(texts_of(order.replay({"nobody"}, 0)), Texts{});
}

TEST(SequencerHistory, ARoomNamedTwiceKeepsTheMessageOnce) {
  OneOrder order;
  order.say({"a", "a"}, "1");
  EXPECT_EQ(texts_of(order.replay({"a"}, 0)), Texts{"1"});
  EXPECT_EQ(order.sequencer->size().messages, 1u);
}

TEST(SequencerHistory, APositionOfAnotherEpochIsAGap) {
  OneOrder order;
  order.say("a");
  const Replay replay = order.sequencer->replay(rooms_named({"a"}), {some_epoch + 1, 1});
  EXPECT_EQ(replay.gap, Gap::other_epoch);
  EXPECT_TRUE(replay.messages.empty());
}

TEST(SequencerHistory, APositionOfTheFutureIsAGap) {
  OneOrder order;
  order.say("a");
  EXPECT_EQ(order.replay({"a"}, 1).gap, Gap::none);
  EXPECT_EQ(order.replay({"a"}, 2).gap, Gap::future);
  EXPECT_EQ(order.join(0, {"a"}, 2).replay.gap, Gap::future);
  EXPECT_EQ(order.sequencer->members(RoomKey::room("a")), 1u);
}

TEST(SequencerHistory, KeepsSoManyMessagesOfARoom) {
  OneOrder order({.messages_max = 3});
  for (const char* text : {"1", "2", "3", "4", "5"}) order.say("a", text);
  const Replay from_start = order.replay({"a"}, 1);
  EXPECT_EQ(from_start.gap, Gap::evicted);
  EXPECT_EQ(texts_of(from_start), (Texts{"3", "4", "5"}));
  const Replay kept = order.replay({"a"}, 2);
  EXPECT_EQ(kept.gap, Gap::none);
  EXPECT_EQ(texts_of(kept), (Texts{"3", "4", "5"}));
}

TEST(SequencerHistory, ALoudRoomDoesNotGapAQuietOne) {
  OneOrder order({.messages_max = 3});
  order.say("quiet", "hush");
  for (int count = 0; count < 50; ++count) order.say("loud", "noise");
  const Replay replay = order.replay({"quiet"}, 0);
  EXPECT_EQ(replay.gap, Gap::none);
  EXPECT_EQ(texts_of(replay), Texts{"hush"});
  EXPECT_EQ(order.replay({"quiet", "loud"}, 0).gap, Gap::evicted);
}

TEST(SequencerHistory, OneRoomsEvictionLeavesTheMessageToTheOther) {
  OneOrder order({.messages_max = 1});
  order.say({"a", "b"}, "both");
  order.say("a", "a");
  EXPECT_EQ(texts_of(order.replay({"b"}, 0)), Texts{"both"});
  EXPECT_EQ(order.replay({"a"}, 0).gap, Gap::evicted);
  EXPECT_EQ(order.sequencer->size().messages, 2u);
}

TEST(SequencerHistory, WithoutHistoryEveryMissedMessageIsAGap) {
  OneOrder order({.messages_max = 0});
  order.join(0, {"member"});
  order.say("member");
  order.say("nobody");
  EXPECT_EQ(order.replay({"member"}, 0).gap, Gap::evicted);
  EXPECT_EQ(order.replay({"member"}, 1).gap, Gap::none);
  EXPECT_EQ(order.replay({"nobody"}, 1).gap, Gap::evicted);
  EXPECT_EQ(order.replay({"nobody"}, 2).gap, Gap::none);
  EXPECT_EQ(order.budget.used(), 0u);
}

TEST(SequencerHistory, KeepsAMessageForSoLong) {
  OneOrder order({.age_max = std::chrono::seconds(10)});
  const base::TimePoint now = base::Clock::now();
  for (const int age : {12, 11, 10, 1}) {
    auto message = message_to("a", std::to_string(age));
    message->accepted = now - std::chrono::seconds(age);
    ASSERT_TRUE(order.publish(message));
  }
  order.sequencer->trim(now);
  EXPECT_EQ(texts_of(order.replay({"a"}, 2)), (Texts{"10", "1"}));
  EXPECT_EQ(order.replay({"a"}, 2).gap, Gap::none);
  EXPECT_EQ(order.replay({"a"}, 1).gap, Gap::evicted);
}

TEST(SequencerHistory, TrimmingForgetsMoreThanOneHoldingOfTheLockLooksAt) {
  OneOrder order({.messages_max = 10'000, .age_max = std::chrono::seconds(10)});
  for (int count = 0; count < 3000; ++count) order.say("a");
  order.sequencer->trim(base::Clock::now() + std::chrono::seconds(60));
  EXPECT_EQ(order.sequencer->size().messages, 0u);
  EXPECT_EQ(order.budget.used(), 0u);
}

TEST(SequencerHistory, ARoomThatIsForgottenStillKnowsWhatItLost) {
  OneOrder order({.age_max = std::chrono::seconds(10)});
  order.say("a", "1");
  order.sequencer->trim(base::Clock::now() + std::chrono::seconds(60));
  EXPECT_EQ(order.sequencer->size().rooms, 0u);
  EXPECT_EQ(order.replay({"a"}, 0).gap, Gap::evicted);
  EXPECT_EQ(order.replay({"a"}, 1).gap, Gap::none);
  order.say("a", "2");
  EXPECT_EQ(order.replay({"a"}, 0).gap, Gap::evicted);
  EXPECT_EQ(order.replay({"b"}, 0).gap, Gap::none);
}

TEST(SequencerHistory, TheOldestLeaveFirstWhenTheBudgetIsUsedUp) {
  OneOrder order({}, 2, 10'000);
  for (int count = 0; count < 100; ++count) order.say(count % 2 == 0 ? "a" : "b", std::string(500, 'x'));
  EXPECT_LE(order.budget.used(), 10'000u);
  EXPECT_GT(order.budget.used(), 8'000u);
  const auto kept = order.sequencer->size().messages;
  EXPECT_EQ(order.replay({"a", "b"}, 100 - kept).messages.size(), kept);
  EXPECT_EQ(order.replay({"a", "b"}, 100 - kept).gap, Gap::none);
  EXPECT_EQ(order.replay({"a", "b"}, 99 - kept).gap, Gap::evicted);
}

TEST(SequencerHistory, AMessageLargerThanTheBudgetIsLostAloneAndCostsNobodyElse) {
  OneOrder order({}, 2, 10'000);
  order.say("quiet", "kept");
  order.say("big", std::string(20'000, 'x'));
  EXPECT_EQ(texts_of(order.replay({"quiet"}, 0)), Texts{"kept"});
  EXPECT_EQ(order.replay({"quiet"}, 0).gap, Gap::none);
  EXPECT_EQ(order.replay({"big"}, 1).gap, Gap::evicted);
}

TEST(SequencerHistory, TheBudgetIsGivenBackAtTheEnd) {
  OneOrder order;
  for (int count = 0; count < 10; ++count) order.say({"a", "b"});
  EXPECT_GT(order.budget.used(), 0u);
  order.sequencer.reset();
  EXPECT_EQ(order.budget.used(), 0u);
}

TEST(SequencerHistory, IsReadFromEitherEnd) {
  OneOrder order({.messages_max = 4});
  for (const char* text : {"1", "2", "3", "4", "5"}) order.say("a", text);
  const auto read = [&order](std::optional<std::uint64_t> since, std::size_t limit, bool newest_first) {
    std::optional<base::Position> position;
    if (since) position = OneOrder::at(*since);
    return order.sequencer->history(RoomKey::room("a"), position, limit, newest_first);
  };
  EXPECT_EQ(texts_of(read({}, 2, false)), (Texts{"2", "3"}));
  EXPECT_EQ(texts_of(read(3, 9, false)), (Texts{"4", "5"}));
  EXPECT_EQ(texts_of(read({}, 2, true)), (Texts{"5", "4"}));
  EXPECT_EQ(texts_of(read(4, 9, true)), (Texts{"3", "2"}));
  EXPECT_EQ(texts_of(read(0, 9, true)), Texts{});
  EXPECT_EQ(read(0, 9, false).gap, Gap::evicted);
  EXPECT_EQ(read({}, 9, false).gap, Gap::none);
  EXPECT_EQ(read(6, 9, false).gap, Gap::future);
  EXPECT_EQ(order.sequencer->history(RoomKey::room("a"), base::Position{1, 1}, 9, true).gap, Gap::other_epoch);
  EXPECT_TRUE(order.sequencer->history(RoomKey::room("none"), {}, 9, true).messages.empty());
}

}  // namespace
}  // namespace sluice::workers
