// What callers are told where a broker answers later than at once.

#include <gtest/gtest.h>

#include <thread>

#include "tests/unit/control/running_calls.hpp"
#include "tests/unit/workers/late_broker.hpp"

namespace sluice::control {
namespace {

using base::Errc;
using workers::LateBroker;

// Has to be there before what it is handed to.
struct HasBroker {
  LateBroker broker;
};

class LateCalls : public testing::Test, protected HasBroker, protected RunningCalls {
 protected:
  LateCalls() : RunningCalls(broker) {}

  std::uint64_t published(Published what) { return metrics.published[static_cast<std::size_t>(what)].read(); }
  // Until the executor has done what it was given.
  void settle() {
    std::promise<void> done;
    executor.post([&done] { done.set_value(); });
    done.get_future().wait();
  }
  static bool is_open(const auto& future) {
    return future.wait_for(std::chrono::seconds(0)) == std::future_status::timeout;
  }
  v1::PublishRequest keyed(const std::string& text = "hi") const {
    v1::PublishRequest request = message("lobby", text);
    request.mutable_options()->set_idempotency_key("k");
    return request;
  }
  v1::PublishBatchRequest batch() const {
    v1::PublishBatchRequest request;
    *request.add_messages() = message("a", "1");
    *request.add_messages() = message("", "2");
    *request.add_messages() = message("c", "3");
    return request;
  }
  static std::string at(std::uint64_t offset) { return LateBroker::at(offset).text(); }

  static constexpr std::chrono::milliseconds hardly{1};
};

// --- Publish ---

TEST_F(LateCalls, APublishIsAnsweredOnceItsPlaceIsKnown) {
  auto answer = begin(&Calls::publish, message("lobby", "hi"));
  settle();
  EXPECT_TRUE(is_open(answer));
  broker.take_messages();
  EXPECT_EQ(answer.get()->receipt().position(), at(1));
  EXPECT_EQ(published(Published::accepted), 1U);
}

TEST_F(LateCalls, APublishThatIsLostSaysWhenToTryAgain) {
  auto answer = begin(&Calls::publish, message("lobby", "hi"));
  broker.lose_messages(Errc::unavailable);
  const Failure late = answer.get().failure();
  broker.refuse_messages(Errc::unavailable);
  const Failure at_once = ask(&Calls::publish, message("lobby", "hi")).failure();
  for (const Failure& failure : {late, at_once}) {
    EXPECT_EQ(failure.code, Errc::unavailable);
    EXPECT_EQ(failure.retry_after, std::chrono::seconds(1));
  }
  EXPECT_EQ(published(Published::unavailable), 2U);
}

TEST_F(LateCalls, ABrokerThatIsFullRefuses) {
  broker.refuse_messages(Errc::exhausted);
  EXPECT_EQ(ask(&Calls::publish, message("lobby", "hi")).failure().code, Errc::exhausted);
  EXPECT_EQ(published(Published::exhausted), 1U);
}

TEST_F(LateCalls, NobodyWaitsLongerThanItWants) {
  const Failure failure = ask(&Calls::publish, message("lobby", "hi"), hardly).failure();
  EXPECT_EQ(failure.code, Errc::timed_out);
  broker.take_messages();  // for nobody
  settle();
  EXPECT_EQ(published(Published::accepted), 1U);
}

TEST_F(LateCalls, AKeyHoldsUntilItIsKnownWhatBecameOfItsMessage) {
  EXPECT_EQ(ask(&Calls::publish, keyed(), hardly).failure().code, Errc::timed_out);
  EXPECT_EQ(ask(&Calls::publish, keyed()).failure().code, Errc::unavailable);  // it is under way
  EXPECT_EQ(ask(&Calls::publish, keyed("other")).failure().code, Errc::already_exists);
  broker.take_messages();
  settle();
  EXPECT_EQ(ask(&Calls::publish, keyed())->receipt().position(), at(1));
  EXPECT_EQ(broker.messages_waiting(), 0U);
}

TEST_F(LateCalls, AKeyIsFreeAgainOnceItsMessageIsLost) {
  auto answer = begin(&Calls::publish, keyed());
  broker.lose_messages(Errc::unavailable);
  EXPECT_FALSE(answer.get());
  answer = begin(&Calls::publish, keyed());
  broker.take_messages();
  EXPECT_EQ(answer.get()->receipt().position(), at(1));
}

// --- PublishBatch ---

TEST_F(LateCalls, ABatchIsAnsweredOnceAllIsKnownInItsOrder) {
  auto answer = begin(&Calls::publish_batch, batch());
  EXPECT_EQ(broker.messages_waiting(), 2U);
  broker.take_messages();
  const auto response = answer.get();
  ASSERT_EQ(response->results_size(), 3);
  EXPECT_EQ(response->results(0).receipt().position(), at(1));
  EXPECT_EQ(response->results(1).error().detail().field(), "target.rooms[0]");
  EXPECT_EQ(response->results(2).receipt().position(), at(2));
}

TEST_F(LateCalls, WhatOfABatchIsNotKnownInTimeSaysSo) {
  const auto response = ask(&Calls::publish_batch, batch(), hardly);
  ASSERT_EQ(response->results_size(), 3);
  EXPECT_EQ(response->results(0).error().detail().reason(), "timed_out");
  EXPECT_EQ(response->results(1).error().detail().reason(), "bad_request");
  EXPECT_EQ(response->results(2).error().detail().reason(), "timed_out");
  broker.take_messages();  // for nobody
  settle();
}

TEST_F(LateCalls, ABatchsKeyRemembersWhatCameLater) {
  v1::PublishBatchRequest request = batch();
  request.set_idempotency_key("k");
  static_cast<void>(ask(&Calls::publish_batch, request, hardly));
  EXPECT_EQ(ask(&Calls::publish_batch, request).failure().code, Errc::unavailable);  // it is under way
  broker.take_messages();
  settle();
  EXPECT_EQ(ask(&Calls::publish_batch, request)->results(2).receipt().position(), at(2));
}

TEST_F(LateCalls, ABatchOfWhichNothingComesLaterIsAnsweredAtOnce) {
  broker.refuse_messages(Errc::unavailable);
  const auto response = ask(&Calls::publish_batch, batch());
  EXPECT_EQ(response->results(2).error().detail().reason(), "unavailable");
  EXPECT_EQ(response->results(2).error().detail().retry_after().seconds(), 1);
}

// --- JoinRooms, History ---

v1::JoinRoomsRequest everyone_into(const std::string& room) {
  v1::JoinRoomsRequest request;
  request.mutable_target()->set_everyone(true);
  request.add_rooms(room);
  request.set_idempotency_key("k");
  return request;
}

TEST_F(LateCalls, RoomsAreJoinedOnceTheyArePrepared) {
  auto answer = begin(&Calls::join_rooms, everyone_into("a"));
  settle();
  EXPECT_TRUE(is_open(answer));
  broker.prepare_rooms();
  EXPECT_TRUE(answer.get());
}

TEST_F(LateCalls, RoomsThatCannotBeHadAreNotJoined) {
  auto answer = begin(&Calls::join_rooms, everyone_into("a"));
  broker.fail_rooms(Errc::exhausted);
  const Failure late = answer.get().failure();
  const Failure too_late = ask(&Calls::join_rooms, everyone_into("a"), hardly).failure();
  broker.refuse_rooms(Errc::internal);
  const Failure at_once = ask(&Calls::join_rooms, everyone_into("a")).failure();
  for (const Failure& failure : {late, too_late, at_once}) {
    EXPECT_EQ(failure.code, Errc::unavailable);
    EXPECT_EQ(failure.retry_after, std::chrono::seconds(1));
  }
  broker.prepare_rooms();  // for nobody
  settle();
}

TEST_F(LateCalls, AHistoryIsShownOnceItIsHere) {
  broker.takes_at_once = true;
  publish("lobby", "1");
  publish("other", "x");
  publish("lobby", "2");
  v1::HistoryRequest request;
  request.set_room("lobby");
  auto answer = begin(&Calls::history, request);
  settle();
  EXPECT_TRUE(is_open(answer));
  broker.prepare_rooms();
  const auto history = answer.get();
  ASSERT_EQ(history->messages_size(), 2);
  EXPECT_EQ(history->messages(0).payload().text(), "1");
  EXPECT_EQ(history->position(), at(3));
  EXPECT_EQ(history->gap(), v1::GAP_NONE);
}

TEST_F(LateCalls, AHistoryOfAnEpochThatHasJustBegunIsWhole) {
  broker.takes_at_once = true;
  publish("lobby", "1");
  pool->sequencer({}).begin({LateBroker::epoch + 1, 0});  // as if the broker was another
  v1::HistoryRequest request;
  request.set_room("lobby");
  auto answer = begin(&Calls::history, request);
  broker.prepare_rooms();  // which begins its own epoch, in which the position that was asked for means nothing
  settle();
  broker.prepare_rooms();
  EXPECT_EQ(answer.get()->messages_size(), 1);
}

TEST_F(LateCalls, AHistoryThatCannotBeHadSaysSo) {
  v1::HistoryRequest request;
  request.set_room("lobby");
  auto answer = begin(&Calls::history, request);
  broker.fail_rooms(Errc::unavailable);
  EXPECT_EQ(answer.get().failure().code, Errc::unavailable);
  EXPECT_EQ(ask(&Calls::history, request, hardly).failure().code, Errc::unavailable);
  broker.prepare_rooms();  // for nobody
  settle();
}

}  // namespace
}  // namespace sluice::control
