#include "control/emits.hpp"

#include <gtest/gtest.h>

#include <future>
#include <vector>

#include "control/share_kinds.hpp"
#include "tests/unit/workers/linked_peers.hpp"

namespace sluice::control {
namespace {

class EmitsTest : public testing::Test {
 protected:
  EmitsTest() {
    there_.serve(share_kinds::emit_acknowledged, [](auto, const auto&) {});
    here_.serve(share_kinds::emit_acknowledged, [this](const workers::Peers::Question& told, const auto&) {
      cluster::v1::EmitAcknowledged parsed;
      ASSERT_TRUE(parsed.ParseFromString(told.payload));
      asking_.take(parsed);
    });
    executor_.start();
  }
  ~EmitsTest() override { executor_.stop(); }

  Emits::OnAcknowledged listener() {
    return std::make_shared<const workers::OnAcknowledged>(
        [this](workers::Acknowledgement told) { heard_.push_back(std::move(told)); });
  }
  static workers::Acknowledgement answer() {
    return {.connection = *base::ConnectionId::parse("0000000b-0-1-1"),
            .protocol = workers::Protocol::socket_io,
            .session = "s",
            .arguments = "[1]",
            .attachments = {std::string("\0\xff", 2)}};
  }
  cluster::v1::EmitAcknowledged told(std::uint64_t number) {
    cluster::v1::EmitAcknowledged told;
    told.set_number(number);
    told.set_protocol(v1::PROTOCOL_SOCKET_IO);
    told.mutable_acknowledgement()->set_connection("0000000b-0-1-1");
    return told;
  }

  workers::PeerNetwork network_;
  workers::LinkedPeers here_{network_, 0xa}, there_{network_, 0xb};
  Executor executor_;
  Emits asking_{here_, executor_}, asked_{there_, executor_};
  std::vector<workers::Acknowledgement> heard_;
};

TEST_F(EmitsTest, AnAnswerAtAnotherNodeComesToWhoeverAskedAsItWasGiven) {
  const auto waits = listener();
  const auto teller = asked_.hold(0xa, asking_.expect(waits), base::Clock::now() + std::chrono::hours(1));
  (*teller)(answer());
  ASSERT_EQ(heard_.size(), 1u);
  EXPECT_EQ(heard_[0].connection, answer().connection);
  EXPECT_EQ(heard_[0].protocol, workers::Protocol::socket_io);
  EXPECT_EQ(heard_[0].session, "s");
  EXPECT_EQ(heard_[0].arguments, "[1]");
  EXPECT_EQ(heard_[0].attachments, answer().attachments);
}

TEST_F(EmitsTest, AnswersThatNobodyWaitsForAreDropped) {
  auto waits = listener();
  const std::uint64_t number = asking_.expect(waits);
  asking_.take(told(number + 1));
  waits.reset();
  asking_.take(told(number));
  EXPECT_TRUE(heard_.empty());
}

TEST_F(EmitsTest, AnswersThatMakeNoSenseAreDropped) {
  const auto waits = listener();
  auto odd = told(asking_.expect(waits));
  odd.set_protocol(v1::PROTOCOL_UNSPECIFIED);
  asking_.take(odd);
  odd.set_protocol(static_cast<v1::Protocol>(77));
  asking_.take(odd);
  odd.set_protocol(v1::PROTOCOL_SOCKET_IO);
  odd.mutable_acknowledgement()->set_connection("nobody");
  asking_.take(odd);
  EXPECT_TRUE(heard_.empty());
}

TEST_F(EmitsTest, ASocketIsWaitedForUntilTheTimeIsOver) {
  std::weak_ptr<const workers::OnAcknowledged> held, longer;
  std::promise<void> is_over;
  const auto now = base::Clock::now();
  Executor::Timer timer;
  executor_.post([&] {
    longer = asked_.hold(0xa, 2, now + std::chrono::hours(1));
    held = asked_.hold(0xa, 1, now + std::chrono::milliseconds(1));
    EXPECT_FALSE(held.expired());
    timer = executor_.at(now + std::chrono::milliseconds(2), [&] { is_over.set_value(); });
  });
  is_over.get_future().wait();
  EXPECT_TRUE(held.expired());
  EXPECT_FALSE(longer.expired());
}

}  // namespace
}  // namespace sluice::control
