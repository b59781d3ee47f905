#include "workers/delivery.hpp"

#include <gtest/gtest.h>

#include "tests/unit/workers/delivery_parts.hpp"

namespace sluice::workers {
namespace {

TEST(Delivery, AMessageReachesEveryMemberOfItsRoom) {
  DeliveryParts parts;
  const auto one = parts.open({"a"}), two = parts.open({"a"}), other = parts.open({"b"});
  parts.say("a", "hello");
  parts.flush();
  EXPECT_EQ(parts.read(one), "hello\n");
  EXPECT_EQ(parts.read(two), "hello\n");
  EXPECT_EQ(parts.read(other), "");
  EXPECT_EQ(parts.metrics.deliveries.read(), 2u);
  EXPECT_EQ(parts.metrics.messages_sent.read(), 2u);
  EXPECT_EQ(parts.metrics.payload_bytes_sent.read(), 10u);
  EXPECT_EQ(parts.metrics.outbox_bytes.read(), 0u);
  EXPECT_EQ(parts.metrics.outbox_messages.read(), 0u);
}

TEST(Delivery, AUnionOfRoomsReachesEachMemberOnce) {
  DeliveryParts parts;
  const auto both = parts.open({"a", "b"}), one = parts.open({"b"});
  parts.deliver(message_to({"a", "b"}, "hello"));
  parts.flush();
  EXPECT_EQ(parts.read(both), "hello\n");
  EXPECT_EQ(parts.read(one), "hello\n");
}

TEST(Delivery, MembersOfExceptedRoomsHearNothing) {
  DeliveryParts parts;
  const auto in = parts.open({"a"}), out = parts.open({"a", "muted"});
  auto message = message_to("a", "hello");
  message->target.except_rooms = rooms_named({"muted", "nobody"});
  parts.deliver(message);
  parts.flush();
  EXPECT_EQ(parts.read(in), "hello\n");
  EXPECT_EQ(parts.read(out), "");
}

TEST(Delivery, ExceptedConnectionsHearNothing) {
  DeliveryParts parts;
  const auto in = parts.open({"a"}), out = parts.open({"a"});
  auto message = message_to("a", "hello");
  base::ConnectionId stale = parts.id_of(in), foreign = stale;
  ++stale.generation;
  ++foreign.incarnation;
  message->target.except_connections = {parts.id_of(out), stale, foreign};
  parts.deliver(message);
  parts.flush();
  EXPECT_EQ(parts.read(in), "hello\n");
  EXPECT_EQ(parts.read(out), "");
}

TEST(Delivery, MailAtOrBelowTheJoiningPlaceIsNotForTheMember) {
  DeliveryParts parts;
  const auto old = parts.open({"a"}), late = parts.open({"a"}, PlainEdge::bare, 2);
  parts.deliver({message_to("a", "1"), message_to("a", "2"), message_to("a", "3")});
  parts.deliver(message_to({"a", "nobody"}, "4"));
  parts.flush();
  EXPECT_EQ(parts.read(old), "1\n2\n3\n4\n");
  EXPECT_EQ(parts.read(late), "3\n4\n");
  const auto latest = parts.open({"a"}, PlainEdge::bare, 5);
  parts.deliver(message_to({"a", "nobody"}, "5"));
  parts.flush();
  EXPECT_EQ(parts.read(latest), "");
}

TEST(Delivery, EncodesAMessageOnceForAFormat) {
  DeliveryParts parts;
  for (int count = 0; count < 5; ++count) parts.open({"a"});
  parts.say("a", "x");
  EXPECT_EQ(parts.edge.encoded, 1);
  parts.open({"a"}, PlainEdge::with_room);
  parts.say("a", "x");
  EXPECT_EQ(parts.edge.encoded, 3);
  parts.deliver(message_to({"a", "b"}, "x"));
  EXPECT_EQ(parts.edge.encoded, 5);
}

TEST(Delivery, ShowsEachReceiverTheFirstRoomThatItIsIn) {
  DeliveryParts parts;
  const auto both = parts.open({"b", "a"}, PlainEdge::with_room), one = parts.open({"b"}, PlainEdge::with_room);
  parts.deliver(message_to({"a", "b"}, "x"));
  parts.say("b", "y");
  parts.flush();
  EXPECT_EQ(parts.read(both), "a:x\nb:y\n");
  EXPECT_EQ(parts.read(one), "b:x\nb:y\n");
}

TEST(Delivery, DoesNotShowImplicitRooms) {
  DeliveryParts parts;
  const auto slot = parts.open({}, PlainEdge::with_room);
  for (const RoomKey& key : {RoomKey::everyone(), RoomKey::user("u")}) {
    parts.rooms.join({}, key, slot, parts.at(slot).memberships(), 0);
    auto message = message_to("a", "x");
    message->target.rooms = {key};
    parts.deliver(message);
  }
  parts.flush();
  EXPECT_EQ(parts.read(slot), "-:x\n-:x\n");
}

TEST(Delivery, MessagesSideBySideForOneRoomAreOnePiece) {
  DeliveryParts parts;
  const auto slot = parts.open({"a"});
  parts.deliver({message_to("a", "1"), message_to("a", "2"), message_to("a", "3")});
  iovec pieces[8];
  EXPECT_EQ(parts.outbox(slot).gather(pieces, 8, 1 << 20), 1);
  EXPECT_EQ(parts.outbox(slot).messages(), 3u);
  parts.flush();
  EXPECT_EQ(parts.read(slot), "1\n2\n3\n");
}

TEST(Delivery, KeepsTheOrderOfDifferentTargets) {
  DeliveryParts parts;
  const auto slot = parts.open({"a", "b"});
  parts.deliver({message_to("a", "1"), message_to("b", "2"), message_to({"a", "b"}, "3"), message_to("a", "4"),
                 message_to("a", "5"), message_to("nobody", "6"), message_to("b", "7")});
  parts.flush();
  EXPECT_EQ(parts.read(slot), "1\n2\n3\n4\n5\n7\n");
}

TEST(Delivery, AGroupMayNeedMoreThanOneChunk) {
  DeliveryParts parts;
  const std::array slots{parts.open({"a"}), parts.open({"a"}), parts.open({"a"})};
  std::vector<std::shared_ptr<Message>> messages;
  std::string expected;
  for (char letter = 'a'; letter < 'k'; ++letter) {
    messages.push_back(message_to("a", std::string(letter == 'e' ? 100'000 : 30'000, letter)));
    expected += messages.back()->data + "\n";
  }
  parts.deliver(messages);
  for (const std::uint32_t slot : slots) EXPECT_EQ(parts.read_all(slot), expected);
  parts.frames.end_turn(parts.now);
  EXPECT_EQ(parts.queued.used(), Frames::chunk_bytes);
}

TEST(Delivery, NothingIsLeftBehindWhenAllIsWritten) {
  DeliveryParts parts;
  for (int count = 0; count < 10; ++count)
    parts.open({"a", "b"}, count % 2 == 0 ? PlainEdge::bare : PlainEdge::with_room);
  for (int count = 0; count < 100; ++count) parts.deliver(message_to({"a", "b"}, std::string(2000, 'x')));
  for (std::uint32_t slot = 0; slot < 10; ++slot) parts.read_all(slot);
  parts.frames.end_turn(parts.now);
  // One that is being filled for each format.
  EXPECT_EQ(parts.queued.used(), 2 * Frames::chunk_bytes);
  EXPECT_EQ(parts.metrics.outbox_bytes.read(), 0u);
  EXPECT_EQ(parts.metrics.outbox_messages.read(), 0u);
  EXPECT_EQ(parts.metrics.messages_sent.read(), 1000u);
}

TEST(Delivery, VisitsEachConnectionOfATargetOnce) {
  DeliveryParts parts;
  const auto both = parts.open({"a", "b"}), one = parts.open({"b"});
  parts.open({"c"});
  std::vector<std::uint32_t> visited;
  parts.delivery.for_each(message_to({"a", "b"}, "")->target, ~std::uint64_t{0},
                          [&visited](Connection& connection) { visited.push_back(connection.slot()); });
  EXPECT_EQ(visited, (std::vector<std::uint32_t>{both, one}));
}

TEST(Delivery, AVisitMayEmptyTheRoomThatIsWalked) {
  DeliveryParts parts;
  for (int count = 0; count < 5; ++count) parts.open({"a"});
  int visits = 0;
  parts.delivery.for_each(message_to("a", "")->target, 1, [&](Connection& connection) {
    ++visits;
    parts.rooms.leave({}, RoomKey::room("a"), connection.memberships(),
                      [&parts](std::uint32_t slot) -> Memberships& { return parts.at(slot).memberships(); });
  });
  EXPECT_EQ(visits, 5);
  EXPECT_EQ(parts.rooms.size(), 0u);
}

TEST(Delivery, DeliversToOneConnectionWhateverTheTarget) {
  DeliveryParts parts;
  const auto one = parts.open({"a"}), other = parts.open({"a"});
  parts.delivery.deliver_to(parts.at(one), message_to("elsewhere", "x"), parts.now);
  parts.flush();
  EXPECT_EQ(parts.read(one), "x\n");
  EXPECT_EQ(parts.read(other), "");
}

TEST(CatchUp, WhatComesMeanwhileStandsBehindWhatWasMissed) {
  DeliveryParts parts(with_policy(SlowPolicy::close, 4));
  const auto slot = parts.open({"a"});
  parts.fill(slot);
  std::vector<std::shared_ptr<const Message>> missed;
  std::string expected;
  for (int count = 0; count < 20; ++count) {
    missed.push_back(message_to("a", "missed" + std::to_string(count)));
    expected += missed.back()->data + "\n";
  }
  parts.delivery.catch_up(parts.at(slot), missed, parts.now);
  EXPECT_LE(parts.outbox(slot).messages(), 2u);
  parts.say("a", "live1");
  parts.say("a", "live2");
  EXPECT_EQ(parts.read_all(slot), expected + "live1\nlive2\n");
  parts.say("a", "live3");
  EXPECT_EQ(parts.read_all(slot), "live3\n");
  EXPECT_TRUE(parts.endings.is_empty());
  EXPECT_EQ(parts.metrics.replayed_messages.read(), 20u);
}

TEST(CatchUp, LeavesOutWhatWasNotForTheConnection) {
  DeliveryParts parts;
  const auto slot = parts.open({"a", "muted"});
  auto excepted = message_to("a", "not for it");
  excepted->target.except_rooms = rooms_named({"muted"});
  parts.delivery.catch_up(parts.at(slot), {message_to("a", "1"), excepted, message_to("a", "2")}, parts.now);
  EXPECT_EQ(parts.read_all(slot), "1\n2\n");
}

TEST(CatchUp, WhoCatchesUpTooSlowlyIsEnded) {
  DeliveryParts parts(with_policy(SlowPolicy::close, 4));
  const auto slot = parts.open({"a"});
  parts.fill(slot);
  parts.delivery.catch_up(parts.at(slot), std::vector<std::shared_ptr<const Message>>(10, message_to("a", "x")),
                          parts.now);
  for (int count = 0; count < 4; ++count) parts.say("a", "live");
  EXPECT_TRUE(parts.at(slot).is_open());
  parts.say("a", "one too many");
  const auto endings = parts.endings.take();
  ASSERT_EQ(endings.size(), 1u);
  EXPECT_EQ(endings[0].ending.reason, EndReason::slow_client);
  EXPECT_EQ(endings[0].ending.close_code, 1013);
  EXPECT_TRUE(endings[0].with_goodbye);
}

}  // namespace
}  // namespace sluice::workers
