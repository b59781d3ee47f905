#include "cluster/arrivals.hpp"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include "tests/unit/workers/messages.hpp"
#include "workers/mailbox.hpp"

namespace sluice::cluster {
namespace {

using Texts = std::vector<std::string>;
using workers::message_to;

class ArrivalsTest : public testing::Test {
 protected:
  ArrivalsTest() { sequencer_.join(base::WorkerId{0}, workers::rooms_named({"x"})); }
  void add(std::uint64_t sequence, const std::string& text) {
    arrivals_.add(sequence, sequencer_, message_to("x", text));
  }
  Texts heard() {
    std::vector<workers::Mail> mail;
    mailbox_.take(mail);
    Texts texts;
    std::size_t bytes = 0;
    for (const workers::Mail& piece : mail) {
      texts.push_back(piece.message->data);
      bytes += piece.message->bytes();
    }
    mailbox_.handled(bytes, mail.size());
    return texts;
  }

  boost::asio::io_context loop_{1};
  workers::Mailbox mailbox_{std::size_t{1} << 30, 3};
  base::ByteBudget budget_{std::size_t{1} << 30};
  workers::Sequencer sequencer_{{.id = {}, .name = "/", .epoch = 1, .is_mirror = true}, {}, budget_, {&mailbox_}};
  workers::BrokerMetrics metrics_;
  int overflows_ = 0;
  Arrivals arrivals_{loop_, metrics_, [this] { ++overflows_; }};
};

TEST_F(ArrivalsTest, WhatComesInOrderIsHandedOnAtOnce) {
  add(1, "a");
  add(3, "b");
  EXPECT_EQ(heard(), (Texts{"a", "b"}));
  EXPECT_EQ(arrivals_.watermark(), 3u);
  EXPECT_EQ(sequencer_.position().offset, 3u);
}

TEST_F(ArrivalsTest, WhileItIsHeldNothingGoesOnAndThenAllInOrder) {
  arrivals_.hold();
  add(5, "late");
  add(2, "filled");
  arrivals_.add_volatile(sequencer_, message_to("x", "volatile"));
  EXPECT_EQ(heard(), Texts{});
  EXPECT_TRUE(arrivals_.has(5));
  arrivals_.release();
  EXPECT_EQ(heard(), (Texts{"filled", "late", "volatile"}));
  EXPECT_FALSE(arrivals_.has(5));
}

TEST_F(ArrivalsTest, TwoHoldsWantTwoReleases) {
  arrivals_.hold();
  arrivals_.hold();
  add(1, "a");
  arrivals_.release();
  EXPECT_EQ(heard(), Texts{});
  arrivals_.release();
  EXPECT_EQ(heard(), Texts{"a"});
}

TEST_F(ArrivalsTest, AMarkIsReachedBehindWhatIsBeforeIt) {
  std::vector<std::uint64_t> reached;
  arrivals_.hold();
  arrivals_.add_mark(4, [&](std::uint64_t sequence) { reached.push_back(sequence); });
  add(3, "a");
  arrivals_.release();
  EXPECT_EQ(reached, std::vector<std::uint64_t>{4});
  EXPECT_EQ(heard(), Texts{"a"});
}

TEST_F(ArrivalsTest, WhatAMailboxHasNoRoomForWaitsForIt) {
  for (std::uint64_t sequence = 1; sequence <= 5; ++sequence) add(sequence, std::to_string(sequence));
  EXPECT_EQ(heard(), (Texts{"1", "2", "3"}));
  EXPECT_EQ(metrics_.held.read(), 2u);
  loop_.run();
  EXPECT_EQ(heard(), (Texts{"4", "5"}));
  EXPECT_EQ(metrics_.held.read(), 0u);
}

TEST_F(ArrivalsTest, WhenTooMuchIsHeldItIsForgottenAndTheWatermarkTellsFromWhereOn) {
  add(1, "a");
  arrivals_.hold();
  const std::string large(std::size_t{1} << 20, 'x');
  for (std::uint64_t sequence = 2; overflows_ == 0; ++sequence) {
    ASSERT_LT(sequence, 100u);
    add(sequence, large);
  }
  EXPECT_EQ(arrivals_.watermark(), 1u);
  arrivals_.release();
  EXPECT_EQ(heard(), Texts{"a"});
}

}  // namespace
}  // namespace sluice::cluster
