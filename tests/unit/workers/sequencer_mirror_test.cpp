// A sequencer whose places come from outside.

#include "tests/unit/workers/messages.hpp"
#include "tests/unit/workers/one_order.hpp"

namespace sluice::workers {
namespace {

constexpr base::Position at(std::uint64_t offset) { return {some_epoch, offset}; }

struct Mirror {
  Mirror() { sequencer.begin(at(100)); }
  void deliver(const std::vector<std::string>& rooms, const std::string& text, std::uint64_t offset) {
    ASSERT_TRUE(sequencer.deliver(message_to(rooms, text), offset));
  }
  Joined join(const std::vector<std::string>& rooms, std::optional<base::Position> since = std::nullopt) {
    return sequencer.join(base::WorkerId{0}, rooms_named(rooms), since);
  }
  bool covers(const char* room, std::optional<base::Position> since = std::nullopt) {
    return sequencer.covers(rooms_named({room}), since, base::Clock::now());
  }
  std::shared_ptr<const Message> past(const char* room, const std::string& text, std::uint64_t offset) {
    auto message = message_to(room, text);
    message->position = at(offset);
    message->place = sequencer.place_of(offset);
    return message;
  }

  Mailbox mailbox{std::size_t{1} << 20, 100};
  base::ByteBudget budget{std::size_t{1} << 30};
  Sequencer sequencer{{.id = {}, .name = "/", .epoch = 0, .is_mirror = true}, {}, budget, {&mailbox}};
};

TEST(SequencerMirror, HasTheHistoryOfARoomFromWhereItIsCovered) {
  Mirror mirror;
  mirror.deliver({"a"}, "before", 101);
  mirror.sequencer.cover(RoomKey::room("a"), 101);
  mirror.deliver({"a"}, "1", 102);
  mirror.deliver({"b"}, "not covered", 103);
  mirror.deliver({"a", "b"}, "2", 104);
  EXPECT_TRUE(mirror.covers("a", at(101)));
  EXPECT_FALSE(mirror.covers("a", at(100))) << "it needs the past";
  EXPECT_FALSE(mirror.covers("b"));
  EXPECT_EQ(texts_of(mirror.join({"a"}, at(101)).replay), (Texts{"1", "2"}));
  EXPECT_EQ(mirror.join({"a"}, at(100)).replay.gap, Gap::evicted);
}

TEST(SequencerMirror, ABacklogHasWhatWasBeforeAndSaysWhatIsLost) {
  Mirror mirror;
  mirror.sequencer.cover(RoomKey::room("a"), 150);
  EXPECT_EQ(mirror.sequencer.wants_backlog(RoomKey::room("a"), at(120)), 150u);
  EXPECT_EQ(mirror.sequencer.wants_backlog(RoomKey::room("a"), at(150)), std::nullopt);
  mirror.sequencer.advance(150);
  mirror.sequencer.give_backlog(RoomKey::room("a"), {{mirror.past("a", "1", 120), mirror.past("a", "2", 140)}, 110});
  mirror.deliver({"a"}, "3", 160);
  EXPECT_TRUE(mirror.covers("a", at(1)));
  EXPECT_EQ(texts_of(mirror.join({"a"}, at(130)).replay), (Texts{"2", "3"}));
  EXPECT_EQ(mirror.join({"a"}, at(110)).replay.gap, Gap::none);
  EXPECT_EQ(mirror.join({"a"}, at(109)).replay.gap, Gap::evicted);
  EXPECT_EQ(texts_of(mirror.sequencer.history(RoomKey::room("a"), std::nullopt, 2, true)), (Texts{"3", "2"}));
  EXPECT_EQ(texts_of(mirror.sequencer.history(RoomKey::room("a"), at(120), 9, false)), (Texts{"2", "3"}));
}

TEST(SequencerMirror, APositionThatWasNotSeenYetIsNotCovered) {
  Mirror mirror;
  mirror.sequencer.cover(RoomKey::room("a"), 100);
  EXPECT_FALSE(mirror.covers("a", at(101)));
  mirror.sequencer.advance(101);
  EXPECT_TRUE(mirror.covers("a", at(101)));
  EXPECT_TRUE(mirror.covers("a", base::Position{7, 9999})) << "another history needs nothing of this one";
}

TEST(SequencerMirror, ARoomThatSomebodyNeedsStaysCovered) {
  Mirror mirror;
  const RoomKey key = RoomKey::room("a");
  mirror.sequencer.cover(key, 100);
  const auto later = base::Clock::now() + std::chrono::minutes(1);
  mirror.join({"a"});
  EXPECT_FALSE(mirror.sequencer.uncover(key, later)) << "it has a member";
  mirror.sequencer.leave(base::WorkerId{0}, rooms_named({"a"}));
  EXPECT_FALSE(mirror.sequencer.uncover(key, base::Clock::now())) << "it was wanted a moment ago";
  EXPECT_TRUE(mirror.sequencer.uncover(key, later));
  EXPECT_FALSE(mirror.covers("a"));
  EXPECT_EQ(mirror.sequencer.size().rooms, 0u);
}

TEST(SequencerMirror, PlacesAreTheSameOnAllNodesWhateverElseCameBetween) {
  Mirror one, other;
  const auto volatile_one = message_to("a", "not stored");
  ASSERT_TRUE(one.sequencer.deliver(volatile_one, std::nullopt));
  EXPECT_EQ(volatile_one->position, at(100));
  const auto first = message_to("a", "x"), second = message_to("a", "x");
  ASSERT_TRUE(one.sequencer.deliver(first, 105));
  ASSERT_TRUE(other.sequencer.deliver(second, 105));
  EXPECT_EQ(first->place, second->place);
  EXPECT_LT(volatile_one->place, first->place);
}

TEST(SequencerMirror, AnotherHistoryCoversNothingAndMembersAreTold) {
  Mirror mirror;
  mirror.sequencer.cover(RoomKey::room("a"), 100);
  mirror.deliver({"a"}, "1", 101);
  mirror.sequencer.join(base::WorkerId{0}, std::vector<RoomKey>{RoomKey::everyone()});
  mirror.sequencer.begin({some_epoch + 1, 5});
  EXPECT_FALSE(mirror.covers("a"));
  EXPECT_EQ(mirror.sequencer.position(), (base::Position{some_epoch + 1, 5}));
  std::vector<Mail> mail;
  mirror.mailbox.take(mail);
  ASSERT_EQ(mail.size(), 1u);
  EXPECT_TRUE(mail.front().job) << "the members are told of the gap";
}

TEST(SequencerMirror, PlacesOfAnotherHistoryComeBehindAllAndMeanTheSameOnAllNodes) {
  Mirror one, other;
  other.deliver({"a"}, "1", 1000);
  const std::uint64_t before = other.sequencer.place_of(1000);
  for (Mirror* mirror : {&one, &other}) mirror->sequencer.begin({some_epoch + 1, 0});
  EXPECT_EQ(other.sequencer.position_of(before), (base::Position{some_epoch + 1, 0})) << "nothing of it was given";
  EXPECT_EQ(other.sequencer.shared_place(before), 0u);
  const auto first = message_to("a", "x"), second = message_to("a", "x");
  ASSERT_TRUE(one.sequencer.deliver(first, 5));
  ASSERT_TRUE(other.sequencer.deliver(second, 5));
  EXPECT_GT(second->place, before);
  EXPECT_EQ(one.sequencer.shared_place(first->place), other.sequencer.shared_place(second->place));
  EXPECT_EQ(other.sequencer.position_of(second->place), (base::Position{some_epoch + 1, 5}));
}

TEST(SequencerMirror, AFullMailboxTakesNothing) {
  Mirror mirror;
  mirror.join({"a"});
  for (std::uint64_t offset = 101; offset <= 200; ++offset) mirror.deliver({"a"}, "x", offset);
  EXPECT_FALSE(mirror.sequencer.deliver(message_to("a", "y"), 201));
  EXPECT_EQ(mirror.sequencer.position().offset, 200u);
}

}  // namespace
}  // namespace sluice::workers
