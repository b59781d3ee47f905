#include "program/file_limit.hpp"

#include <gtest/gtest.h>

namespace sluice::program {
namespace {

constexpr OtherFiles one_worker{.workers = 1, .listeners = 1};

TEST(FileLimit, LeavesTheRestToConnections) {
  const auto fits = connections_that_fit(0, 10'000, one_worker);
  ASSERT_TRUE(fits);
  EXPECT_GT(*fits, 9'500u);
  EXPECT_LT(*fits, 10'000u);
}

TEST(FileLimit, MoreWorkersAndListenersLeaveLess) {
  const OtherFiles many{.workers = 16, .listeners = 4};
  EXPECT_LT(*connections_that_fit(0, 10'000, many), *connections_that_fit(0, 10'000, one_worker));
}

TEST(FileLimit, WhatIsWantedIsTakenUpToTheLimitAndNoFurther) {
  const std::size_t most = *connections_that_fit(0, 10'000, one_worker);
  EXPECT_EQ(*connections_that_fit(1, 10'000, one_worker), 1u);
  EXPECT_EQ(*connections_that_fit(most, 10'000, one_worker), most);
  const auto over = connections_that_fit(most + 1, 10'000, one_worker);
  ASSERT_FALSE(over);
  EXPECT_EQ(over.error().detail, "--connections-max " + std::to_string(most + 1) +
                                     " needs 10001 open files, but the limit is 10000; raise it (ulimit -Hn, or "
                                     "LimitNOFILE= of systemd)");
}

TEST(FileLimit, TooFewForAnyGatewayAreRefused) { EXPECT_FALSE(connections_that_fit(0, 256, one_worker)); }

TEST(FileLimit, RaisingNeverLowers) {
  const std::size_t once = raise_file_limit();
  EXPECT_GE(once, 1024u);
  EXPECT_EQ(raise_file_limit(), once);
}

}  // namespace
}  // namespace sluice::program
