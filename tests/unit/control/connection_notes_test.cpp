#include "control/connection_notes.hpp"

#include <gtest/gtest.h>

namespace sluice::control {
namespace {

constexpr base::ConnectionId one{1, {}, 1, 1}, two{1, {}, 2, 1};

std::shared_ptr<const workers::ClientEvent> event_of(const base::ConnectionId& id) {
  auto event = std::make_shared<workers::ClientEvent>();
  event->connection = id;
  return event;
}

TEST(ConnectionNotes, NothingIsNotedWhileNobodyKeepsIt) {
  ConnectionNotes notes(10);
  notes.tell(event_of(one));
  notes.hold_end(one);
  notes.release_end(one);
  EXPECT_TRUE(notes.is_empty());
  EXPECT_EQ(notes.last(), 0U);
}

TEST(ConnectionNotes, OwnersGoWithTheConnection) {
  ConnectionNotes notes(10);
  notes.set_on(true);
  notes.tell(event_of(one));
  notes.own(one, "a", {7, 1});
  notes.own(one, "b", {8, 2});
  notes.own(two, "a", {7, 3});
  const auto taken = notes.take(10);
  ASSERT_EQ(taken.notes.size(), 2U);
  EXPECT_EQ(taken.notes[0].told->connection, one);
  EXPECT_EQ(taken.notes[0].owners, (std::vector<ConnectionOwner>{{"a", {7, 1}}, {"b", {8, 2}}}));
  EXPECT_EQ(taken.notes[1].told, nullptr);
  EXPECT_EQ(taken.last, 2U);
  EXPECT_TRUE(notes.is_empty());
}

TEST(ConnectionNotes, AnEndIsOverWithTheLastThatHoldsIt) {
  ConnectionNotes notes(10);
  notes.set_on(true);
  notes.hold_end(one);
  notes.hold_end(one);
  notes.release_end(one);
  EXPECT_TRUE(notes.is_empty());
  notes.release_end(one);
  notes.release_end(one);
  const auto taken = notes.take(10);
  ASSERT_EQ(taken.notes.size(), 1U);
  EXPECT_TRUE(taken.notes[0].is_over);
}

TEST(ConnectionNotes, OfMoreThanMayBeNoneIsLeftAndThatIsSaid) {
  ConnectionNotes notes(3);
  notes.set_on(true);
  for (int count = 0; count < 4; ++count) notes.tell(event_of(one));
  const auto taken = notes.take(10);
  EXPECT_TRUE(taken.is_broken);
  EXPECT_EQ(taken.notes.size(), 1U);
  EXPECT_EQ(taken.last, 4U);
  EXPECT_FALSE(notes.take(10).is_broken);
}

TEST(ConnectionNotes, NumbersTellHowFarWasTaken) {
  ConnectionNotes notes(10);
  notes.set_on(true);
  for (int count = 0; count < 3; ++count) notes.tell(event_of(one));
  EXPECT_EQ(notes.take(2).last, 2U);
  EXPECT_EQ(notes.take(2).last, 3U);
}

}  // namespace
}  // namespace sluice::control
