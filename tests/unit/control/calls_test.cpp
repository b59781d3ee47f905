#include "control/calls.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/unit/control/running_calls.hpp"

namespace sluice::control {
namespace {

class CallsTest : public testing::Test, protected RunningCalls {
 protected:
  static std::uint64_t published(const Metrics& metrics, Published what) {
    return metrics.published[static_cast<std::size_t>(what)].read();
  }
  // The texts of a history's answer, in its order.
  static std::string texts(const v1::HistoryResponse& response) {
    std::string all;
    for (const auto& message : response.messages()) all += message.payload().text();
    return all;
  }
  Outcome<v1::HistoryResponse> history(const std::function<void(v1::HistoryRequest&)>& change) {
    v1::HistoryRequest request;
    request.set_room("lobby");
    change(request);
    return ask(&Calls::history, request);
  }
  // Of this node, which answers inside the call.
  Outcome<Calls::DrainWatch> drain(const v1::DrainRequest& request) {
    Outcome<Calls::DrainWatch> outcome = Failure{base::Errc::internal, "there was no answer"};
    calls.drain(request, [&outcome](Outcome<Calls::DrainWatch> given) { outcome = std::move(given); });
    return outcome;
  }
};

TEST_F(CallsTest, APublishHasAPositionAndItsMatches) {
  const auto outcome = ask(&Calls::publish, message("lobby", "hi"));
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->receipt().position(), position(1));
  EXPECT_TRUE(outcome->receipt().has_matched());
  EXPECT_EQ(published(metrics, Published::accepted), 1U);
}

TEST_F(CallsTest, AVolatileOneRepeatsTheLastPosition) {
  publish("lobby", "hi");
  auto request = message("lobby", "gone");
  request.mutable_options()->set_volatile_(true);
  EXPECT_EQ(ask(&Calls::publish, request)->receipt().position(), position(1));
}

TEST_F(CallsTest, AMatchThatOnlyWorkersCanCountIsABound) {
  auto request = message("lobby", "hi");
  request.mutable_target()->add_except_rooms("other");
  EXPECT_TRUE(ask(&Calls::publish, request)->receipt().has_matched_at_most());
}

TEST_F(CallsTest, ABadPublishIsRefusedAndCounted) {
  EXPECT_EQ(ask(&Calls::publish, message("", "hi")).failure().field, "target.rooms[0]");
  EXPECT_EQ(published(metrics, Published::refused), 1U);
}

TEST_F(CallsTest, ARepeatedPublishIsNotDoneAgain) {
  auto request = message("lobby", "hi");
  request.mutable_options()->set_idempotency_key("k");
  const auto first = ask(&Calls::publish, request), again = ask(&Calls::publish, request);
  EXPECT_EQ(first->receipt().position(), again->receipt().position());
  EXPECT_EQ(pool->sequencer({}).position().offset, 1U);
  EXPECT_EQ(published(metrics, Published::repeated), 1U);
  request.mutable_payload()->set_text("other");
  EXPECT_EQ(ask(&Calls::publish, request).failure().code, base::Errc::already_exists);
}

TEST_F(CallsTest, ABadMessageOfABatchHoldsUpNoOther) {
  v1::PublishBatchRequest request;
  *request.add_messages() = message("a", "1");
  *request.add_messages() = message("", "2");
  *request.add_messages() = message("c", "3");
  const auto outcome = ask(&Calls::publish_batch, request);
  ASSERT_TRUE(outcome);
  ASSERT_EQ(outcome->results_size(), 3);
  EXPECT_EQ(outcome->results(1).error().detail().field(), "target.rooms[0]");
  EXPECT_EQ(outcome->results(2).receipt().position(), position(2));
}

TEST_F(CallsTest, ABatchThatMustBeValidIsRefusedWhole) {
  v1::PublishBatchRequest request;
  request.set_all_valid(true);
  *request.add_messages() = message("a", "1");
  *request.add_messages() = message("", "2");
  EXPECT_EQ(ask(&Calls::publish_batch, request).failure().field, "messages[1].target.rooms[0]");
  EXPECT_EQ(pool->sequencer({}).position().offset, 0U);
}

TEST_F(CallsTest, ARepeatedBatchIsNotDoneAgain) {
  v1::PublishBatchRequest request;
  request.set_idempotency_key("k");
  *request.add_messages() = message("a", "1");
  static_cast<void>(ask(&Calls::publish_batch, request));
  EXPECT_EQ(ask(&Calls::publish_batch, request)->results(0).receipt().position(), position(1));
  EXPECT_EQ(pool->sequencer({}).position().offset, 1U);
}

TEST_F(CallsTest, ABatchOverItsBoundNamesTheOption) {
  v1::PublishBatchRequest request;
  EXPECT_EQ(ask(&Calls::publish_batch, request).failure().field, "messages");
  for (int count = 0; count < 4; ++count) *request.add_messages() = message("a", "1");
  EXPECT_EQ(ask(&Calls::publish_batch, request).failure().limit_option, "publish-batch-max");
}

TEST_F(CallsTest, HistoryComesOldestOrNewestFirst) {
  for (const char* text : {"1", "2", "3"}) publish("lobby", text);
  publish("other", "x");
  const auto oldest = history([](auto&) {});
  EXPECT_EQ(texts(*oldest), "123");
  EXPECT_EQ(oldest->position(), position(4));
  EXPECT_FALSE(oldest->more());
  EXPECT_EQ(texts(*history([](auto& request) { request.set_newest_first(true); })), "321");
}

TEST_F(CallsTest, HistoryIsCutAtItsLimitAndSaysSo) {
  for (const char* text : {"1", "2", "3"}) publish("lobby", text);
  const auto oldest = history([](auto& request) { request.set_limit(2); });
  EXPECT_EQ(texts(*oldest), "12");
  EXPECT_TRUE(oldest->more());
  const auto newest = history([](auto& request) {
    request.set_limit(2);
    request.set_newest_first(true);
  });
  EXPECT_EQ(texts(*newest), "32");
  EXPECT_TRUE(newest->more());
}

TEST_F(CallsTest, HistoryBetweenTwoPositionsExcludesBoth) {
  for (const char* text : {"1", "2", "3", "4"}) publish("lobby", text);
  for (const bool newest_first : {false, true}) {
    const auto outcome = history([&](auto& request) {
      request.set_since(position(1));
      request.set_before(position(4));
      request.set_newest_first(newest_first);
    });
    EXPECT_EQ(texts(*outcome), newest_first ? "32" : "23");
    EXPECT_EQ(outcome->gap(), v1::GAP_NONE);
  }
}

TEST_F(CallsTest, HistorySaysWhyItCannotGiveEverything) {
  for (const char* text : {"1", "2", "3", "4", "5", "6"}) publish("lobby", text);  // four are kept
  const auto gap = [this](const std::string& since) {
    return history([&](auto& request) { request.set_since(since); })->gap();
  };
  EXPECT_EQ(gap(position(2)), v1::GAP_NONE);
  EXPECT_EQ(gap(position(1)), v1::GAP_EVICTED);
  EXPECT_EQ(gap(position(7)), v1::GAP_FUTURE);
  EXPECT_EQ(gap("00000000deadbeef-1"), v1::GAP_OTHER_EPOCH);
}

TEST_F(CallsTest, HistoryRefusesWhatIsNoPositionRoomOrLimit) {
  EXPECT_EQ(history([](auto& request) { request.set_since("1"); }).failure().field, "since");
  EXPECT_EQ(history([](auto& request) { request.set_before("1"); }).failure().field, "before");
  EXPECT_EQ(history([](auto& request) { request.clear_room(); }).failure().field, "room");
  EXPECT_EQ(history([](auto& request) { request.set_limit(4); }).failure().limit_option, "list-page-max");
  EXPECT_EQ(history([](auto& request) { request.set_namespace_("/x"); }).failure().code, base::Errc::not_found);
}

TEST_F(CallsTest, RoomsAreListedPageByPage) {
  for (const char* room : {"a1", "a2", "a3", "b1", "a4"}) publish(room, "x");
  v1::ListRoomsRequest request;
  request.set_prefix("a");
  request.set_page_size(3);
  const auto first = ask(&Calls::list_rooms, request);
  EXPECT_EQ(first->rooms_size(), 3);
  ASSERT_FALSE(first->next_page_token().empty());
  request.set_page_token(first->next_page_token());
  const auto second = ask(&Calls::list_rooms, request);
  ASSERT_EQ(second->rooms_size(), 1);
  EXPECT_EQ(second->rooms(0).name(), "a4");
  EXPECT_EQ(second->rooms(0).history_messages(), 1U);
  EXPECT_TRUE(second->next_page_token().empty());
}

TEST_F(CallsTest, APageTokenHoldsForItsListAndFiltersOnly) {
  for (const char* room : {"a1", "a2", "a3"}) publish(room, "x");
  v1::ListRoomsRequest request;
  request.set_page_size(1);
  const std::string token = ask(&Calls::list_rooms, request)->next_page_token();
  request.set_page_token(token);
  request.set_page_size(2);
  EXPECT_TRUE(ask(&Calls::list_rooms, request));
  request.set_prefix("a");
  EXPECT_EQ(ask(&Calls::list_rooms, request).failure().field, "page_token");
  v1::ListConnectionsRequest other;
  other.set_page_token(token);
  EXPECT_EQ(ask(&Calls::list_connections, other).failure().field, "page_token");
  other.set_page_token("x");
  EXPECT_EQ(ask(&Calls::list_connections, other).failure().field, "page_token");
}

TEST_F(CallsTest, NobodyConnectedIsAnEmptyList) {
  const auto outcome = ask(&Calls::list_connections, v1::ListConnectionsRequest());
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->connections_size(), 0);
  EXPECT_TRUE(outcome->next_page_token().empty());
}

TEST_F(CallsTest, AConnectionThatIsNotThereIsNotFound) {
  v1::GetConnectionRequest request;
  for (const char* id : {"9f31c2d0-1-2a-7", "9f31c2d0-ff-2a-7", "00000001-1-2a-7"}) {
    request.set_id(id);
    EXPECT_EQ(ask(&Calls::get_connection, request).failure().code, base::Errc::not_found) << id;
  }
  request.set_id("x");
  EXPECT_EQ(ask(&Calls::get_connection, request).failure().code, base::Errc::bad_request);
}

TEST_F(CallsTest, JoiningGathersTheAnswersOfAllWorkers) {
  v1::JoinRoomsRequest request;
  request.mutable_target()->set_everyone(true);
  request.add_rooms("a");
  const auto outcome = ask(&Calls::join_rooms, request);
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->matched(), 0U);
  request.clear_target();
  EXPECT_EQ(ask(&Calls::join_rooms, request).failure().field, "target");
}

TEST_F(CallsTest, AWorkerThatDoesNotAnswerCostsTheDeadlineNotMore) {
  block(1);
  v1::DisconnectRequest request;
  request.mutable_target()->set_everyone(true);
  EXPECT_EQ(ask(&Calls::disconnect, request, std::chrono::milliseconds(20)).failure().code, base::Errc::timed_out);
}

TEST_F(CallsTest, AFullMailboxIsToldAtOnce) {
  block(1);
  while (pool->post(base::WorkerId{1}, [](workers::Worker&) {})) {
  }
  v1::LeaveRoomsRequest request;
  request.mutable_target()->set_everyone(true);
  request.add_rooms("a");
  const auto outcome = ask(&Calls::leave_rooms, request);
  EXPECT_EQ(outcome.failure().code, base::Errc::exhausted);
  EXPECT_TRUE(outcome.failure().retry_after);
}

TEST_F(CallsTest, ACallWithAKeyThatIsUnderWayIsNotDoneTwice) {
  block(1);
  v1::DisconnectRequest request;
  request.mutable_target()->set_everyone(true);
  request.set_idempotency_key("k");
  std::promise<base::Errc> first;
  calls.disconnect(request, base::Clock::now() + std::chrono::milliseconds(100),
                   [&](const Outcome<v1::DisconnectResponse>& outcome) { first.set_value(outcome.failure().code); });
  EXPECT_EQ(ask(&Calls::disconnect, request).failure().code, base::Errc::unavailable);
  EXPECT_EQ(first.get_future().get(), base::Errc::timed_out);
}

TEST_F(CallsTest, TheNodeShowsItself) {
  readiness.set_ready(true);
  publish("lobby", "hi");
  const auto outcome = ask(&Calls::get_node, v1::GetNodeRequest());
  ASSERT_TRUE(outcome);
  const v1::Node& node = outcome->node();
  EXPECT_EQ(node.name(), "n1");
  EXPECT_EQ(node.incarnation(), "9f31c2d0");
  EXPECT_TRUE(node.ready());
  EXPECT_EQ(node.workers_size(), 2);
  ASSERT_EQ(node.namespaces_size(), 2);
  EXPECT_EQ(node.namespaces(0).position(), position(1));
  EXPECT_EQ(node.namespaces(1).name(), "/admin");
}

TEST_F(CallsTest, DrainingMakesTheNodeNotReady) {
  readiness.set_ready(true);
  v1::DrainRequest request;
  request.mutable_over()->set_seconds(1);
  request.set_idempotency_key("k");
  ASSERT_TRUE(drain(request));
  EXPECT_FALSE(readiness.is_ready());
  EXPECT_TRUE(pool->is_draining());
  EXPECT_TRUE(drain(request));  // watches the first one's
  request.mutable_over()->set_seconds(2);
  EXPECT_EQ(drain(request).failure().code, base::Errc::already_exists);
}

TEST_F(CallsTest, DrainingRefusesTimesOutOfRange) {
  const auto over = [this](std::int64_t seconds, std::int32_t nanos = 0) {
    v1::DrainRequest request;
    request.mutable_over()->set_seconds(seconds);
    request.mutable_over()->set_nanos(nanos);
    const auto outcome = drain(request);
    return outcome ? std::string() : outcome.failure().field;
  };
  for (const std::int64_t seconds : {std::int64_t{-1}, std::int64_t{3601}, std::numeric_limits<std::int64_t>::max()})
    EXPECT_EQ(over(seconds), "over");
  EXPECT_EQ(over(3600, 1'000'000), "over");
  EXPECT_EQ(over(0, -1), "over");
  EXPECT_FALSE(pool->is_draining());
  v1::DrainRequest request;
  request.mutable_report_every()->set_nanos(99'000'000);
  EXPECT_EQ(drain(request).failure().field, "report_every");
}

TEST_F(CallsTest, DrainingRefusesWhatDoesNotFitTogether) {
  const auto misfit_of = [this](const std::function<void(v1::DrainRequest&)>& change) {
    v1::DrainRequest request;
    change(request);
    const auto outcome = drain(request);
    return outcome ? std::string() : outcome.failure().field;
  };
  EXPECT_EQ(misfit_of([](auto& request) { request.mutable_over()->set_seconds(1), request.set_per_second(1); }),
            "per_second");
  EXPECT_EQ(misfit_of([](auto& request) {
              request.mutable_over()->set_seconds(2);
              request.mutable_deadline()->set_seconds(1);
            }),
            "deadline");
  EXPECT_EQ(misfit_of([](auto& request) { request.mutable_return_within()->set_seconds(3601); }), "return_within");
  EXPECT_EQ(misfit_of([](auto& request) { request.set_order(static_cast<v1::DrainOrder>(4)); }), "order");
  EXPECT_EQ(misfit_of([](auto& request) { request.set_reason(std::string(124, 'x')); }), "reason");
  EXPECT_FALSE(pool->is_draining());
  // A deadline alone is in time for what the option says.
  EXPECT_EQ(misfit_of([](auto& request) { request.mutable_deadline()->set_seconds(1); }), "");
  EXPECT_LE(pool->drain_left(), std::chrono::seconds(1));
}

TEST_F(CallsTest, UndrainingPutsTheNodeBackIntoServiceUnlessItIsAboutToEnd) {
  readiness.set_ready(true);
  EXPECT_FALSE(ask(&Calls::undrain, v1::UndrainRequest())->was_draining());
  v1::DrainRequest request;
  request.mutable_over()->set_seconds(3600);
  ASSERT_TRUE(drain(request));
  EXPECT_TRUE(ask(&Calls::undrain, v1::UndrainRequest())->was_draining());
  EXPECT_TRUE(readiness.is_ready());
  EXPECT_FALSE(pool->is_draining());
  ASSERT_TRUE(drain(request));
  pool->stop_accepting(workers::Pool::Stop::for_good);
  EXPECT_EQ(ask(&Calls::undrain, v1::UndrainRequest()).failure().code, base::Errc::unavailable);
  EXPECT_FALSE(readiness.is_ready());
}

TEST_F(CallsTest, SheddingRefusesSharesThatAreNone) {
  for (const double percent : {0.0, -1.0, 100.1, std::nan("")}) {
    v1::ShedRequest request;
    request.set_percent(percent);
    EXPECT_EQ(ask(&Calls::shed, request).failure().field, "percent");
  }
}

TEST(ReadinessFlag, NothingIsReadyOnceItLeaves) {
  ReadinessFlag flag;
  flag.set_ready(true);
  flag.leave();
  flag.set_ready(true);
  EXPECT_FALSE(flag.is_ready());
}

}  // namespace
}  // namespace sluice::control
