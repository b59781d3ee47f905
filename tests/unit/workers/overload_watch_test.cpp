#include <gtest/gtest.h>

#include "base/log.hpp"
#include "tests/unit/workers/running_workers.hpp"

namespace sluice::workers {
namespace {

using namespace std::chrono_literals;
using overload::Action;
using overload::Resource;

// No more than one thing is short at a time; what, is each test's.
class OverloadWatchTest : public testing::Test {
 protected:
  OverloadWatchTest() {
    base::set_log_level(base::LogLevel::error);
    overload_.loop_lag_ms_max = 60s;
    workers_.close_timeout_seconds = 20s;
    workers_.workers = 1;
  }
  ~OverloadWatchTest() override { base::set_log_level(base::LogLevel::info); }

  RunningWorkers& start() {
    running_.emplace(workers_, ListenerKind{0}, EmbeddedBroker::instance(), RunningWorkers::incarnation, &overload_);
    return *running_;
  }
  const overload::Metrics& metrics() { return *running_->pool.overload_metrics(); }
  bool is_on(Action action) { return metrics().degree_permille[static_cast<std::size_t>(action)].read() != 0; }
  std::uint64_t begun(Action action) { return metrics().begun[static_cast<std::size_t>(action)].read(); }
  std::uint64_t pressure(Resource resource) {
    return metrics().pressure_permille[static_cast<std::size_t>(resource)].read();
  }
  std::uint64_t relieved(Action action) {
    return running_->pool.metrics(base::WorkerId{0}).relieved[static_cast<std::size_t>(action)].read();
  }
  template <class Condition>
  static bool eventually(Condition&& condition) {
    return RunningWorkers::eventually(std::forward<Condition>(condition));
  }

  overload::Options overload_;
  Options workers_;
  std::optional<RunningWorkers> running_;
};

TEST_F(OverloadWatchTest, APoolWithoutOptionsForItIsNotWatched) {
  const RunningWorkers running;
  EXPECT_EQ(running.pool.overload_metrics(), nullptr);
}

TEST_F(OverloadWatchTest, AMemoryLimitThatIsPassedBringsAllActions) {
  overload_.memory_max = 1 << 20;
  start();
  EXPECT_TRUE(eventually([this] { return is_on(Action::close_outboxes); }));
  EXPECT_GT(pressure(Resource::memory), 1000u);
  EXPECT_EQ(metrics().memory_limit_bytes.read(), std::uint64_t{1} << 20);
  for (std::size_t at = 0; at < overload::action_count; ++at)
    EXPECT_TRUE(eventually([&] { return begun(static_cast<Action>(at)) == 1u; })) << at;
}

TEST_F(OverloadWatchTest, WithoutActionsThePressureIsToldAllTheSame) {
  overload_.memory_max = 1 << 20;
  overload_.overload_actions = false;
  start();
  EXPECT_TRUE(eventually([this] { return pressure(Resource::memory) > 1000; }));
  EXPECT_FALSE(is_on(Action::pause_reads));
}

TEST_F(OverloadWatchTest, AWorkerThatDoesNotComeRoundIsLag) {
  overload_.loop_lag_ms_max = 200ms;
  RunningWorkers& running = start();
  {
    const auto busy = running.block();
    EXPECT_TRUE(eventually([this] { return is_on(Action::refuse_clients); }));
    EXPECT_GT(pressure(Resource::loop_lag), 900u);
    EXPECT_FALSE(is_on(Action::close_outboxes)) << "nobody is closed for that";
  }
  EXPECT_TRUE(eventually([this] { return !is_on(Action::refuse_clients) && !is_on(Action::pause_reads); }));
}

TEST_F(OverloadWatchTest, WhoWaitsLongestIsClosedAndWhatTheKernelHeldIsCountedNoMore) {
  overload_.memory_max = 1 << 20;
  workers_.outbox_bytes_max = workers_.queued_bytes_max;
  workers_.outbox_age_ms_max = 1h;
  RunningWorkers& running = start();
  LineClient deaf = running.member("a");
  const Metrics& worker = running.pool.metrics(base::WorkerId{0});
  // First the kernel's buffers fill, then its outbox.
  EXPECT_TRUE(eventually([&] {
    if (running.pool.queued_bytes().used() < (4 << 20)) {
      static_cast<void>(running.publish(message_to("a", std::string(10'000, 'x'))));
    }
    return running.closed(EndReason::slow_client) == 1;
  }));
  EXPECT_TRUE(eventually([&] { return worker.socket_bytes.read() == 0; }));
  EXPECT_EQ(relieved(Action::close_outboxes), 1u);
  EXPECT_TRUE(running.has_connections(0));
}

}  // namespace
}  // namespace sluice::workers
