#include "control/failure.hpp"

#include <gtest/gtest.h>

namespace sluice::control {
namespace {

TEST(Failure, AMisfitNamesFieldAndExpectation) {
  const Failure failure = misfit("room", "a name that is not empty");
  EXPECT_EQ(failure.message, "room must be a name that is not empty");
  EXPECT_EQ(failure.grpc_status(), 3);
  const v1::ErrorDetail detail = detail_of(failure);
  EXPECT_EQ(detail.reason(), "bad_request");
  EXPECT_EQ(detail.field(), "room");
  EXPECT_EQ(detail.expected(), "a name that is not empty");
  EXPECT_FALSE(detail.has_limit());
  EXPECT_FALSE(detail.retryable());
}

TEST(Failure, ALimitIsToldWithItsOption) {
  const v1::ErrorDetail detail =
      detail_of(over_limit(base::Errc::too_many, "messages", "publish-batch-max", 1000, "messages"));
  EXPECT_EQ(detail.limit().option(), "publish-batch-max");
  EXPECT_EQ(detail.limit().max(), 1000U);
  EXPECT_EQ(detail.limit().unit(), "messages");
}

TEST(Failure, WhatPassesIsRetryableAfterATime) {
  const Failure failure = try_again(base::Errc::exhausted, "full", std::chrono::milliseconds(1500));
  EXPECT_EQ(failure.grpc_status(), 8);
  const v1::ErrorDetail detail = detail_of(failure);
  EXPECT_TRUE(detail.retryable());
  EXPECT_EQ(detail.retry_after().seconds(), 1);
  EXPECT_EQ(detail.retry_after().nanos(), 500'000'000);
}

TEST(Failure, ABrokerThatIsAwayMayBeBackInASecond) {
  const v1::ErrorDetail detail = detail_of(failure_of(base::fail(base::Errc::unavailable, "away")));
  EXPECT_TRUE(detail.retryable());
  EXPECT_EQ(detail.retry_after().seconds(), 1);
}

TEST(Failure, InsideABatchItSaysWhichMessage) {
  const Failure failure = inside("messages[2].", misfit("payload.event", "short"));
  EXPECT_EQ(failure.field, "messages[2].payload.event");
  EXPECT_EQ(failure.message, "messages[2].payload.event must be short");
  EXPECT_EQ(inside("messages[2].", Failure{base::Errc::exhausted, "full"}).message, "full");
}

TEST(Failure, TheStatusDetailsHoldTheErrorDetail) {
  v1::ErrorStatus status;
  ASSERT_TRUE(status.ParseFromString(status_details(misfit("id", "set"))));
  EXPECT_EQ(status.code(), 3);
  ASSERT_EQ(status.details_size(), 1);
  EXPECT_EQ(status.details(0).type_url(), "type.googleapis.com/sluice.v1.ErrorDetail");
  v1::ErrorDetail detail;
  ASSERT_TRUE(status.details(0).UnpackTo(&detail));
  EXPECT_EQ(detail.field(), "id");
}

}  // namespace
}  // namespace sluice::control
