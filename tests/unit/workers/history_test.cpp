#include "workers/history.hpp"

#include <gtest/gtest.h>

#include "tests/unit/workers/messages.hpp"

namespace sluice::workers {
namespace {

std::unique_ptr<StoredMessage> stored(std::uint64_t offset, std::size_t bytes = 10) {
  auto made = std::make_unique<StoredMessage>();
  auto message = message_to("room", std::string(bytes, 'x'));
  message->position.offset = offset;
  made->message = message;
  return made;
}

TEST(RoomHistory, KeepsItsOrderWhileItGrowsAndWraps) {
  RoomHistory history;
  std::vector<std::unique_ptr<StoredMessage>> all;
  for (std::uint64_t offset = 1; offset <= 100; ++offset) {
    all.push_back(stored(offset));
    history.push(*all.back());
    if (offset % 3 == 0) history.pop();
    for (std::size_t at = 0; at < history.size(); ++at) {
      ASSERT_EQ(history.at(at).message->position.offset, offset / 3 + 1 + at);
    }
  }
  EXPECT_EQ(history.size(), 67u);
  EXPECT_EQ(history.evicted, 33u);
}

TEST(RoomHistory, FindsTheFirstAfterAnOffset) {
  RoomHistory history;
  std::vector<std::unique_ptr<StoredMessage>> all;
  for (const std::uint64_t offset : {10, 20, 30}) {
    all.push_back(stored(offset));
    history.push(*all.back());
  }
  EXPECT_EQ(history.after(0), 0u);
  EXPECT_EQ(history.after(9), 0u);
  EXPECT_EQ(history.after(10), 1u);
  EXPECT_EQ(history.after(29), 2u);
  EXPECT_EQ(history.after(30), 3u);
  EXPECT_EQ(RoomHistory().after(5), 0u);
}

TEST(History, TakesFromTheBudgetAndGivesBack) {
  base::ByteBudget budget(10'000);
  {
    History history(budget);
    RoomHistory room;
    auto message = stored(1);
    StoredMessage& raw = *message;
    const std::size_t weight = History::weight(raw);
    ASSERT_TRUE(history.try_append(message));
    EXPECT_EQ(message, nullptr);
    room.push(raw);
    room.push(raw);
    EXPECT_EQ(budget.used(), weight);
    EXPECT_EQ(history.bytes(), weight);
    Freed freed;
    history.release(raw, freed);
    EXPECT_EQ(history.messages(), 1u);
    history.release(raw, freed);
    EXPECT_EQ(freed.size(), 1u);
    EXPECT_TRUE(history.is_empty());
    EXPECT_EQ(budget.used(), 0u);
    auto other = stored(2);
    ASSERT_TRUE(history.try_append(other));
  }
  EXPECT_EQ(budget.used(), 0u);
}

TEST(History, RefusesWhatDoesNotFitAndLeavesItWithItsOwner) {
  base::ByteBudget budget(1000);
  History history(budget);
  auto message = stored(1, 2000);
  EXPECT_FALSE(history.try_append(message));
  EXPECT_NE(message, nullptr);
  EXPECT_EQ(budget.used(), 0u);
}

TEST(History, ForgetsFromTheMiddleToo) {
  base::ByteBudget budget(100'000);
  History history(budget);
  std::vector<StoredMessage*> raw;
  for (std::uint64_t offset = 1; offset <= 3; ++offset) {
    auto message = stored(offset);
    raw.push_back(message.get());
    ++message->references;
    ASSERT_TRUE(history.try_append(message));
  }
  Freed freed;
  history.release(*raw[1], freed);
  EXPECT_EQ(&history.oldest(), raw[0]);
  history.release(*raw[0], freed);
  EXPECT_EQ(&history.oldest(), raw[2]);
  history.release(*raw[2], freed);
  EXPECT_TRUE(history.is_empty());
}

TEST(Tombstones, NeverForgetALoss) {
  Tombstones tombstones;
  EXPECT_EQ(tombstones.evicted(7), 0u);
  tombstones.bury(7, 5);
  tombstones.bury(7, 3);
  tombstones.bury(8, 0);
  EXPECT_EQ(tombstones.evicted(7), 5u);
  EXPECT_EQ(tombstones.evicted(8), 0u);
}

}  // namespace
}  // namespace sluice::workers
