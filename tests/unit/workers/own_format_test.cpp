// Formats in which each connection's messages are encoded for itself: what it is given now refers back to what it was
// given before, so nothing that was encoded may be left out.
#include <gtest/gtest.h>

#include "tests/unit/workers/delivery_parts.hpp"

namespace sluice::workers {
namespace {

TEST(OwnFormat, EachConnectionCountsForItself) {
  DeliveryParts parts;
  const auto one = parts.open({"a"}, PlainEdge::own), two = parts.open({"a", "b"}, PlainEdge::own);
  parts.deliver({message_to("a", "x"), message_to("a", "y"), message_to("b", "z"), message_to({"a", "b"}, "w")});
  parts.delivery.deliver_to(parts.at(one), message_to("elsewhere", "v"), parts.now);
  parts.flush();
  EXPECT_EQ(parts.read(one), "1=x\n2=y\n3=w\n4=v\n");
  EXPECT_EQ(parts.read(two), "1=x\n2=y\n3=z\n4=w\n");
  EXPECT_EQ(parts.edge.encoded, 0);
}

TEST(OwnFormat, MailAtOrBelowTheJoiningPlaceIsNotEncoded) {
  DeliveryParts parts;
  const auto late = parts.open({"a"}, PlainEdge::own, 2);
  parts.deliver({message_to("a", "1"), message_to("a", "2"), message_to("a", "3")});
  parts.flush();
  EXPECT_EQ(parts.read(late), "1=3\n");
}

TEST(OwnFormat, WhatIsDroppedWasNeverEncoded) {
  for (const SlowPolicy policy : {SlowPolicy::drop_newest, SlowPolicy::drop_oldest, SlowPolicy::conflate}) {
    DeliveryParts parts(with_policy(policy, 3));
    const auto slot = parts.open({"a"}, PlainEdge::own);
    parts.fill(slot);
    for (const char* text : {"a", "b", "c", "d", "e"}) {
      auto message = message_to("a", text);
      message->conflation_key = "key";
      parts.deliver(message);
    }
    EXPECT_EQ(parts.drops(DropReason::outbox_full_newest), 2u);
    EXPECT_EQ(parts.read_all(slot), "1=a\n2=b\n3=c\nGAP\n");
    parts.say("a", "f");
    EXPECT_EQ(parts.read_all(slot), "4=f\n");
    EXPECT_EQ(parts.metrics.outbox_bytes.read(), 0u);
  }
}

TEST(OwnFormat, WhatAgesStays) {
  DeliveryParts parts(with_policy(SlowPolicy::drop_oldest));
  const auto slot = parts.open({"a"}, PlainEdge::own);
  parts.fill(slot);
  parts.say("a", "old");
  parts.flusher.check_ages(parts.delivery, parts.now + parts.options.outbox_age_ms_max + std::chrono::milliseconds(1));
  EXPECT_EQ(parts.drops(DropReason::outbox_full_oldest), 0u);
  EXPECT_EQ(parts.read_all(slot), "1=old\n");
}

TEST(OwnFormat, CatchesUpInOrder) {
  DeliveryParts parts(with_policy(SlowPolicy::close, 4));
  const auto slot = parts.open({"a"}, PlainEdge::own);
  parts.fill(slot);
  parts.delivery.catch_up(parts.at(slot), std::vector<std::shared_ptr<const Message>>(6, message_to("a", "missed")),
                          parts.now);
  parts.say("a", "live");
  EXPECT_EQ(parts.read_all(slot), "1=missed\n2=missed\n3=missed\n4=missed\n5=missed\n6=missed\n7=live\n");
}

TEST(OwnFormat, StandsBesideOthersInOneRoom) {
  DeliveryParts parts;
  const auto own = parts.open({"a"}, PlainEdge::own), bare = parts.open({"a"});
  std::string expected_own, expected_bare;
  for (int count = 1; count <= 20; ++count) {
    parts.say("a", std::string(10'000, 'x'));
    expected_bare += std::string(10'000, 'x') + "\n";
    expected_own += std::to_string(count) + "=" + std::string(10'000, 'x') + "\n";
  }
  EXPECT_TRUE(parts.read_all(own) == expected_own);
  EXPECT_TRUE(parts.read_all(bare) == expected_bare);
  parts.frames.end_turn(parts.now);
  // One that is being filled for each format.
  EXPECT_EQ(parts.queued.used(), 2 * Frames::chunk_bytes);
}

}  // namespace
}  // namespace sluice::workers
