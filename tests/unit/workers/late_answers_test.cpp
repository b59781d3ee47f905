// What a worker and its pool do with a broker that answers later.

#include <gtest/gtest.h>

#include "tests/unit/workers/late_broker.hpp"
#include "tests/unit/workers/running_workers.hpp"

namespace sluice::workers {
namespace {

class LateAnswers : public testing::Test {
 protected:
  LateBroker broker_;
  RunningWorkers running_{with_workers(1), 0, broker_};
};

TEST_F(LateAnswers, AReceiptComesOnTheWorkersThread) {
  std::promise<std::pair<std::thread::id, Receipt>> told;
  const auto here = running_.on(0, [&told](Worker& worker) {
    const auto receipt = worker.publish(message_to("a", "x"), [&told](Worker&, const base::Result<Receipt>& given) {
      told.set_value({std::this_thread::get_id(), *given});
    });
    EXPECT_FALSE(receipt);
    return std::this_thread::get_id();
  });
  broker_.take_messages();
  const auto [thread, receipt] = told.get_future().get();
  EXPECT_EQ(thread, here);
  EXPECT_EQ(receipt.position, LateBroker::at(1));
}

TEST_F(LateAnswers, RoomsAreCoveredOnceTheyArePrepared) {
  const auto rooms = rooms_named({"a"});
  const auto is_covered = [&] {
    return running_.on(0, [&rooms](Worker& worker) { return worker.is_covered({}, rooms, std::nullopt); });
  };
  EXPECT_FALSE(is_covered());
  std::promise<bool> told;
  running_.on(0, [&](Worker& worker) {
    const auto then = [&told](Worker&, const base::Status& status) { told.set_value(static_cast<bool>(status)); };
    return worker.prepare({}, rooms, std::nullopt, then).has_value();
  });
  broker_.prepare_rooms();
  EXPECT_TRUE(told.get_future().get());
  EXPECT_TRUE(is_covered());
}

TEST_F(LateAnswers, WhatWasSaidBeforeARoomWasCoveredIsReplayed) {
  broker_.takes_at_once = broker_.prepares_at_once = true;
  running_.say("a", "before");
  const auto replay = running_.on(0, [](Worker& worker) {
    const auto rooms = rooms_named({"a"});
    EXPECT_TRUE(worker.prepare({}, rooms, LateBroker::at(0), nullptr));
    return worker.sequencer({}).replay(rooms, LateBroker::at(0));
  });
  ASSERT_EQ(replay.messages.size(), 1U);
  EXPECT_EQ(replay.messages[0]->data, "before");
  EXPECT_EQ(replay.gap, Gap::none);
}

TEST_F(LateAnswers, AMemberHearsWhatHasGotItsPlace) {
  broker_.prepares_at_once = true;
  LineClient member = running_.member("a");
  EXPECT_FALSE(running_.pool.publish(message_to("a", "hello"), nullptr));
  broker_.take_messages();
  EXPECT_EQ(member.line(), "a@1:hello");
}

}  // namespace
}  // namespace sluice::workers
