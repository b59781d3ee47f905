#include "control/event_hub.hpp"

#include <gtest/gtest.h>

#include <map>

namespace sluice::control {
namespace {

using workers::ClientEvent;
using Kind = ClientEvent::Kind;
using Offer = workers::Backend::Offer;

constexpr std::size_t all = 1'000'000;

ClientEvent event_of(std::uint32_t client, Kind kind = Kind::message, std::size_t bytes = 0) {
  ClientEvent event;
  event.kind = kind;
  event.connection = {1, {}, client, 1};
  auto message = std::make_shared<workers::Message>();
  message->data.assign(bytes, 'x');
  if (kind == Kind::message) event.message = message;
  return event;
}

std::vector<std::uint64_t> numbers_of(const EventHub::Batch& batch) {
  std::vector<std::uint64_t> numbers;
  for (const auto& entry : batch.entries) numbers.push_back(entry.number);
  return numbers;
}

EventHub::ReplicaId attach(EventHub& hub, const std::string& group, std::uint64_t credits, std::function<void()> wake,
                           bool gives_verdicts = false) {
  return hub.attach({group, credits, gives_verdicts}, std::move(wake)).value();
}

TEST(EventHub, EventsComeInOrderWithNumbers) {
  EventHub hub({});
  const auto replica = attach(hub, "g", all, [] {});
  for (int count = 0; count < 3; ++count) EXPECT_EQ(hub.offer(event_of(1)), Offer::taken);
  const auto batch = hub.take(replica, all, all);
  EXPECT_EQ(numbers_of(batch), (std::vector<std::uint64_t>{1, 2, 3}));
  EXPECT_EQ(batch.cursor, 3U);
  EXPECT_TRUE(hub.take(replica, all, all).entries.empty());
  hub.detach(replica);
}

TEST(EventHub, WithoutABackendNothingIsKeptUnlessOneIsExpected) {
  EventHub hub({});
  EXPECT_FALSE(hub.is_listening());
  EXPECT_EQ(hub.offer(event_of(1, Kind::connected)), Offer::absent);
  EventHub expecting({.is_expected = true});
  EXPECT_TRUE(expecting.is_listening());
  EXPECT_EQ(expecting.offer(event_of(1, Kind::connected)), Offer::taken);
  EXPECT_EQ(expecting.offer(event_of(1)), Offer::absent);
  const auto replica = attach(expecting, "g", all, [] {});
  EXPECT_EQ(expecting.take(replica, all, all).entries.size(), 1U);
  expecting.detach(replica);
}

TEST(EventHub, CreditsBoundWhatIsTaken) {
  EventHub hub({});
  const auto replica = attach(hub, "g", 2, [] {});
  for (int count = 0; count < 5; ++count) static_cast<void>(hub.offer(event_of(1)));
  EXPECT_EQ(hub.take(replica, all, all).entries.size(), 2U);
  EXPECT_TRUE(hub.take(replica, all, all).entries.empty());
  hub.credit(replica, 10);
  EXPECT_EQ(hub.take(replica, all, all).entries.size(), 3U);
  hub.detach(replica);
}

TEST(EventHub, AReplicaIsWokenOnceUntilItHasTakenAll) {
  EventHub hub({});
  int woken = 0;
  const auto replica = attach(hub, "g", all, [&woken] { ++woken; });
  static_cast<void>(hub.take(replica, all, all));
  for (int count = 0; count < 3; ++count) static_cast<void>(hub.offer(event_of(1)));
  EXPECT_EQ(woken, 1);
  static_cast<void>(hub.take(replica, all, all));
  static_cast<void>(hub.take(replica, all, all));
  static_cast<void>(hub.offer(event_of(1)));
  EXPECT_EQ(woken, 2);
  hub.detach(replica);
}

TEST(EventHub, AConnectionStaysWithItsReplica) {
  EventHub hub({});
  const auto a = attach(hub, "g", all, [] {}), b = attach(hub, "g", all, [] {});
  for (int round = 0; round < 3; ++round) {
    for (std::uint32_t client = 0; client < 4; ++client) static_cast<void>(hub.offer(event_of(client)));
  }
  for (const auto replica : {a, b}) {
    const auto batch = hub.take(replica, all, all);
    std::map<std::uint32_t, int> counts;
    for (const auto& entry : batch.entries) ++counts[entry.event->connection.slot];
    EXPECT_EQ(counts.size(), 2U);
    for (const auto& [client, count] : counts) EXPECT_EQ(count, 3);
  }
  hub.detach(a);
  hub.detach(b);
}

TEST(EventHub, WhatWasNotAcknowledgedGoesToTheNextInOrder) {
  EventHub hub({});
  const auto a = attach(hub, "g", all, [] {});
  for (int count = 0; count < 4; ++count) static_cast<void>(hub.offer(event_of(1)));
  static_cast<void>(hub.take(a, 3, all));
  EXPECT_TRUE(hub.acknowledge(a, 1));
  EXPECT_FALSE(hub.acknowledge(a, 4));
  hub.detach(a);
  static_cast<void>(hub.offer(event_of(1, Kind::disconnected)));
  const auto b = attach(hub, "g", all, [] {});
  EXPECT_EQ(numbers_of(hub.take(b, all, all)), (std::vector<std::uint64_t>{2, 3, 4, 5}));
  hub.detach(b);
}

TEST(EventHub, AReplicaThatIsBehindHoldsUpItsOwnClientsAlone) {
  EventHub hub({.bytes_max = 10'000});
  const auto a = attach(hub, "g", all, [] {}), b = attach(hub, "g", all, [] {});
  static_cast<void>(hub.offer(event_of(1)));
  static_cast<void>(hub.offer(event_of(2)));
  while (hub.offer(event_of(1, Kind::message, 1000)) == Offer::taken) continue;
  EXPECT_EQ(hub.offer(event_of(1)), Offer::full);
  EXPECT_EQ(hub.offer(event_of(2)), Offer::taken);
  EXPECT_EQ(hub.offer(event_of(1, Kind::disconnected)), Offer::taken);
  hub.detach(a);
  hub.detach(b);
}

TEST(EventHub, WithNobodyThereTheOldestAreLostAndCounted) {
  EventHub hub({.bytes_max = 5'000, .is_expected = true, .holds_messages = true});
  for (int count = 0; count < 20; ++count) static_cast<void>(hub.offer(event_of(1, Kind::message, 1000)));
  const auto replica = attach(hub, "g", all, [] {});
  const auto batch = hub.take(replica, all, all);
  EXPECT_GT(batch.lost, 0U);
  EXPECT_EQ(batch.entries.size() + batch.lost, 20U);
  EXPECT_EQ(batch.entries.back().number, 20U);
  EXPECT_EQ(hub.numbers().lost, batch.lost);
  hub.detach(replica);
}

TEST(EventHub, OneGroupAloneIsAskedForVerdicts) {
  EventHub hub({.is_expected = true});
  EXPECT_EQ(hub.offer(event_of(1, Kind::connecting)), Offer::absent);
  const auto other = attach(hub, "other", all, [] {});
  EXPECT_EQ(hub.offer(event_of(1, Kind::connecting)), Offer::absent);
  const auto judge = attach(
      hub, "judges", all, [] {}, true);
  EXPECT_EQ(hub.offer(event_of(1, Kind::connecting)), Offer::taken);
  EXPECT_TRUE(hub.take(other, all, all).entries.empty());
  EXPECT_EQ(hub.take(judge, all, all).entries.size(), 1U);
  const auto refused = hub.attach({"third", all, true}, [] {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, base::Errc::already_exists);
  EXPECT_FALSE(hub.attach({"judges", all, false}, [] {}));
  hub.detach(judge);
  // Nobody waits for that any more, whoever comes.
  const auto third = attach(hub, "judges", all, [] {});
  EXPECT_TRUE(hub.take(third, all, all).entries.empty());
  hub.detach(third);
  hub.detach(other);
  EXPECT_EQ(hub.numbers().waiting, 0U);
  EXPECT_EQ(hub.numbers().waiting_bytes, 0U);
}

TEST(EventHub, WhoeverWasAskedAboutAConnectionHearsOfItUntilItIsForgotten) {
  EventHub hub({});
  const auto a = attach(
                 hub, "g", all, [] {}, true),
             b = attach(
                 hub, "g", all, [] {}, true);
  static_cast<void>(hub.offer(event_of(1, Kind::connecting)));
  static_cast<void>(hub.offer(event_of(1, Kind::connected)));
  EXPECT_EQ(hub.take(a, all, all).entries.size(), 2U);
  hub.forget({1, {}, 1, 1});
  static_cast<void>(hub.offer(event_of(1, Kind::connected)));
  EXPECT_EQ(hub.take(b, all, all).entries.size(), 1U);
  hub.detach(a);
  hub.detach(b);
}

TEST(EventHub, GroupsAreToldEverythingEachForItself) {
  EventHub hub({});
  const auto a = attach(hub, "a", all, [] {}), b = attach(hub, "b", all, [] {});
  static_cast<void>(hub.offer(event_of(1)));
  EXPECT_EQ(hub.take(a, all, all).entries.size(), 1U);
  EXPECT_EQ(hub.take(b, all, all).entries.size(), 1U);
  hub.detach(a);
  hub.detach(b);
  EXPECT_EQ(hub.numbers().replicas, 0U);
}

}  // namespace
}  // namespace sluice::control
