#include "gateway/preparations.hpp"

#include <gtest/gtest.h>

#include "tests/unit/gateway/running_gateway.hpp"
#include "tests/unit/workers/late_broker.hpp"
#include "workers/worker.hpp"

namespace sluice::gateway {
namespace {

using base::Errc;
using workers::Worker;

// Preparations of a worker that runs; all of them happen on its thread.
class PreparationsTest : public testing::Test {
 protected:
  template <class Job>
  void on_worker(Job&& job) {
    std::promise<void> done;
    ASSERT_TRUE(gateway_.pool->post(base::WorkerId{0}, [&](Worker& worker) {
      job(worker);
      done.set_value();
    }));
    done.get_future().wait();
  }
  // What is known at once of preparing a room; what comes later is told.
  std::optional<base::Status> prepare() {
    std::optional<base::Status> ready;
    const std::vector<workers::RoomKey> rooms{workers::RoomKey::room("a")};
    on_worker([&](Worker& worker) {
      ready = preparations_.prepare(worker, {}, rooms, std::nullopt, [this](Worker&, const base::Status& status) {
        ++told_;
        code_ = status ? std::nullopt : std::optional(status.error().code);
      });
    });
    return ready;
  }
  // Whether somebody was told by the time that the worker has done all that it was asked to.
  int told() {
    int count = 0;
    on_worker([&](Worker&) { count = told_; });
    return count;
  }

  std::uint64_t count(workers::PreparationKind kind) const {
    return gateway_.metrics().preparations[static_cast<std::size_t>(kind)].read();
  }

  workers::LateBroker broker_;
  int told_ = 0;
  std::optional<Errc> code_;
  Preparations preparations_{std::chrono::milliseconds(1)};
  RunningGateway gateway_{[this](RunningGateway& g) { g.broker = &broker_; }};
};

TEST_F(PreparationsTest, WhatIsCoveredIsReadyAtOnce) {
  EXPECT_FALSE(prepare());
  broker_.prepare_rooms();
  EXPECT_EQ(told(), 1);
  EXPECT_FALSE(code_);
  const auto again = prepare();
  EXPECT_TRUE(again && *again);
  EXPECT_EQ(count(workers::PreparationKind::ready), 1U);  // only one had to wait
}

TEST_F(PreparationsTest, WhateverTheBrokerSaysTheRoomsAreUnavailable) {
  EXPECT_FALSE(prepare());
  broker_.fail_rooms(Errc::exhausted);
  EXPECT_EQ(told(), 1);
  EXPECT_EQ(code_, Errc::unavailable);
  broker_.refuse_rooms(Errc::internal);
  const auto refused = prepare();
  ASSERT_TRUE(refused && !*refused);
  EXPECT_EQ(refused->error().code, Errc::unavailable);
  EXPECT_EQ(count(workers::PreparationKind::failed), 2U);
}

TEST_F(PreparationsTest, NobodyWaitsLongerThanItsTimeAndWhatComesThenIsNobodys) {
  EXPECT_FALSE(prepare());
  ASSERT_TRUE(wait_until([this] {
    on_worker([this](Worker& worker) { preparations_.expire(worker); });
    return told_ == 1;
  }));
  EXPECT_EQ(code_, Errc::unavailable);
  broker_.prepare_rooms();
  EXPECT_EQ(told(), 1);
  EXPECT_EQ(count(workers::PreparationKind::late), 1U);
}

}  // namespace
}  // namespace sluice::gateway
