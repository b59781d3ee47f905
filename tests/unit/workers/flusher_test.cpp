#include "workers/flusher.hpp"

#include <gtest/gtest.h>

#include "tests/unit/workers/delivery_parts.hpp"

namespace sluice::workers {
namespace {

TEST(Flusher, AShortWriteLeavesTheRestUntilTheSocketTakesMore) {
  DeliveryParts parts;
  const auto slot = parts.open({"a"});
  std::string expected;
  for (char letter = 'a'; letter <= 'z'; ++letter) {
    parts.say("a", std::string(20'000, letter));
    expected += std::string(20'000, letter) + "\n";
  }
  parts.flush();
  EXPECT_FALSE(parts.outbox(slot).is_empty());
  const std::size_t waiting = parts.outbox(slot).bytes();
  parts.flusher.mark_dirty(parts.at(slot));
  EXPECT_FALSE(parts.flusher.has_dirty());
  EXPECT_EQ(parts.outbox(slot).bytes(), waiting);
  EXPECT_EQ(parts.read_all(slot), expected);
  EXPECT_EQ(parts.metrics.messages_sent.read(), 26u);
  EXPECT_EQ(parts.metrics.wire_bytes_sent.read(), expected.size());
}

TEST(Flusher, WritesSoManyConnectionsATurn) {
  DeliveryParts parts;
  for (std::size_t count = 0; count < Flusher::turn_connections + 10; ++count) parts.open({"a"});
  parts.say("a", "x");
  parts.flusher.flush_some(parts.delivery);
  EXPECT_TRUE(parts.flusher.has_dirty());
  EXPECT_EQ(parts.metrics.messages_sent.read(), Flusher::turn_connections);
  parts.flusher.flush_some(parts.delivery);
  EXPECT_FALSE(parts.flusher.has_dirty());
  EXPECT_EQ(parts.metrics.messages_sent.read(), Flusher::turn_connections + 10);
}

TEST(Flusher, TheNewestDoNotWaitForALargeFanOut) {
  DeliveryParts parts;
  std::vector<std::uint32_t> members;
  for (std::size_t count = 0; count < 4 * Flusher::turn_connections; ++count) members.push_back(parts.open({"crowd"}));
  const auto other = parts.open({"own"});
  parts.say("crowd", "x");
  parts.flusher.flush_some(parts.delivery);
  parts.say("own", "y");
  parts.flusher.flush_some(parts.delivery);
  EXPECT_EQ(parts.read(other), "y\n");
  EXPECT_EQ(parts.read(members.front()), "x\n") << "nor do the oldest wait for the newest";
  EXPECT_FALSE(parts.outbox(members[members.size() / 2]).is_empty());
  parts.flush();
  for (std::size_t at = 1; at < members.size(); ++at) EXPECT_EQ(parts.read(members[at]), "x\n");
}

TEST(Flusher, AConnectionIsOnTheListOnce) {
  DeliveryParts parts;
  const auto slot = parts.open({"a"});
  for (int count = 0; count < 10; ++count) parts.flusher.mark_dirty(parts.at(slot));
  parts.flusher.flush_some(parts.delivery);
  EXPECT_FALSE(parts.flusher.has_dirty());
}

TEST(Flusher, ABrokenSocketEndsItsConnectionWithoutWords) {
  DeliveryParts parts;
  const auto gone = parts.open({"a"}), there = parts.open({"a"});
  parts.hang_up(gone);
  parts.say("a", "x");
  parts.flush();
  const auto endings = parts.endings.take();
  ASSERT_EQ(endings.size(), 1u);
  EXPECT_EQ(endings[0].slot, gone);
  EXPECT_FALSE(endings[0].with_goodbye);
  EXPECT_EQ(endings[0].ending.reason, EndReason::client_vanished);
  EXPECT_FALSE(parts.at(gone).is_open());
  EXPECT_EQ(parts.read(there), "x\n");
}

TEST(Flusher, MeasuresTheOldestFrameThatWaits) {
  DeliveryParts parts;
  const auto slot = parts.open({"a"});
  parts.fill(slot);
  parts.flusher.check_ages(parts.delivery, parts.now + std::chrono::milliseconds(1234));
  EXPECT_EQ(parts.metrics.outbox_age_milliseconds.read(), 1234u);
  EXPECT_TRUE(parts.endings.is_empty());
  parts.read_all(slot);
  parts.flusher.check_ages(parts.delivery, parts.now + std::chrono::milliseconds(5000));
  EXPECT_EQ(parts.metrics.outbox_age_milliseconds.read(), 0u);
}

TEST(Flusher, AnOutboxThatIsTooOldEndsItsConnection) {
  DeliveryParts parts;
  const auto slot = parts.open({"a"});
  parts.fill(slot);
  parts.flusher.check_ages(parts.delivery, parts.now + parts.options.outbox_age_ms_max);
  EXPECT_TRUE(parts.at(slot).is_open());
  parts.flusher.check_ages(parts.delivery, parts.now + parts.options.outbox_age_ms_max + base::Duration(1));
  const auto endings = parts.endings.take();
  ASSERT_EQ(endings.size(), 1u);
  EXPECT_EQ(endings[0].ending.reason, EndReason::slow_client);
  EXPECT_EQ(endings[0].ending.close_code, 1013);
  EXPECT_FALSE(parts.at(slot).is_open());
}

TEST(Flusher, OrDropsWhatIsTooOldAndTellsOfTheGap) {
  DeliveryParts parts(with_policy(SlowPolicy::drop_oldest));
  const auto slot = parts.open({"a"}, PlainEdge::with_room);
  parts.fill(slot);
  // The probe of fill() is control, the oldest of all: age alone never drops it.
  parts.say("a", "old");
  parts.now += parts.options.outbox_age_ms_max + std::chrono::milliseconds(1);
  parts.flusher.check_ages(parts.delivery, parts.now);
  EXPECT_TRUE(parts.at(slot).is_open());
  EXPECT_EQ(parts.drops(DropReason::outbox_full_oldest), 1u);
  EXPECT_EQ(parts.metrics.outbox_messages.read(), 0u);
  EXPECT_EQ(parts.read_all(slot), "GAP\n");
}

}  // namespace
}  // namespace sluice::workers
