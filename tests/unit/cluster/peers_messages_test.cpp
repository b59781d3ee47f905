// What nodes ask and tell each other.

#include <map>
#include <thread>

#include "tests/unit/cluster/peers_test_node.hpp"

namespace sluice::cluster {
namespace {

using namespace std::chrono_literals;
using workers::Peers;

class PeersMessagesTest : public PeersTest {
 protected:
  PeersMessagesTest() {
    for (TestNode* const node : {&one_, &two_, &three_}) {
      const std::string suffix = node == &one_ ? "1" : node == &two_ ? "2" : "3";
      echo(*node, "echo", suffix);
    }
    two_->serve("never", [this](auto, auto answer) { kept_.push_back(std::move(answer)); });
    two_->serve("refuse", [](auto, auto answer) { answer(base::fail(base::Errc::forbidden, "no")); });
    two_->serve("huge", [](auto, auto answer) { answer(std::string(9 << 20, 'x')); });
    for (const char* kind : {"first", "second"}) {
      two_->serve(kind, [this](auto question, auto answer) {
        heard_.push_back(question.payload);
        answer(std::string("ok"));
      });
    }
  }
  bool run() {
    for (TestNode* const node : {&one_, &two_, &three_}) start(*node);
    return meet({&one_, &two_, &three_});
  }
  // With one more, which has started.
  bool run_with(TestNode& four) {
    for (TestNode* const node : {&one_, &two_, &three_}) start(*node);
    return meet({&one_, &two_, &three_, &four});
  }

  TestNode &one_ = make(1), &two_ = make(2), &three_ = make(3);
  std::vector<Peers::OnAnswer> kept_;
  Texts heard_;
};

TEST_F(PeersMessagesTest, OneIsAsked) {
  ASSERT_TRUE(run());
  EXPECT_EQ(ask(one_, Nodes{2}, "echo", "hi"), Texts{"n2=hi2"});
  EXPECT_EQ(two_.metrics().served.read(), 1u);
  EXPECT_EQ(three_.metrics().served.read(), 0u);
}

TEST_F(PeersMessagesTest, AllOthersAreAsked) {
  ASSERT_TRUE(run());
  EXPECT_EQ(ask(one_, Peers::all, "echo", "hi"), (Texts{"n2=hi2", "n3=hi3"}));
  EXPECT_EQ(ask(three_, Peers::all, "echo", "ho"), (Texts{"n1=ho1", "n2=ho2"}));
}

TEST_F(PeersMessagesTest, AllAreAskedThoughNobodyIsKnownYet) {
  NatsTestClient& stranger = connect(server_);
  int heard = 0;
  const auto subscription = stranger->subscribe("sluice.test.all.echo", [&](const auto&) { ++heard; });
  ASSERT_TRUE(flush(stranger));
  start(one_);
  ASSERT_TRUE(until([&] { return one_.is_connected; }));
  EXPECT_EQ(ask(one_, Peers::all, "echo", "hi"), Texts{});
  EXPECT_TRUE(until([&] { return heard == 1; }));
  EXPECT_EQ(one_.metrics().asked.read(), 0u);
}

TEST_F(PeersMessagesTest, AnswersMayComeLaterFromAnyThread) {
  two_->serve("later", [](auto, auto answer) { std::thread([answer] { answer(std::string("done")); }).join(); });
  ASSERT_TRUE(run());
  EXPECT_EQ(ask(one_, Nodes{2}, "later", ""), Texts{"n2=done"});
}

TEST_F(PeersMessagesTest, WhyThereIsNoAnswerIsTold) {
  ASSERT_TRUE(run());
  EXPECT_EQ(ask(one_, Nodes{2, 3}, "refuse", ""), (Texts{"n2=forbidden", "n3=not_found"}));
  EXPECT_EQ(ask(one_, Nodes{77}, "echo", ""), Texts{"?=unavailable"}) << "nobody has that incarnation";
  EXPECT_EQ(ask(one_, Nodes{2, 77}, "echo", ""), (Texts{"n2=2", "?=unavailable"}));
  EXPECT_EQ(ask(one_, Nodes{2}, "echo", "", -1ms), Texts{"n2=timed_out"});
  EXPECT_EQ(one_.metrics().unanswered.read(), 5u);
}

TEST_F(PeersMessagesTest, WhoIsSilentIsNotWaitedForBeyondTheDeadline) {
  ASSERT_TRUE(run());
  EXPECT_EQ(ask(one_, Peers::all, "never", "", 1s), (Texts{"n2=timed_out", "n3=not_found"}));
  ASSERT_EQ(kept_.size(), 1u);
  kept_[0](std::string("late"));
  EXPECT_EQ(ask(one_, Nodes{2}, "echo", "hi"), Texts{"n2=hi2"});
}

TEST_F(PeersMessagesTest, ASecondAnswerIsNone) {
  two_->serve("twice", [](auto, auto answer) {
    answer(std::string("once"));
    answer(std::string("twice"));
  });
  ASSERT_TRUE(run());
  EXPECT_EQ(ask(one_, Nodes{2}, "twice", ""), Texts{"n2=once"});
}

TEST_F(PeersMessagesTest, OneThatDiesIsKnownNotToAnswerBeforeItsLeaseEnds) {
  auto settings = settings_of_node(4);
  settings.times.lease = 1h;
  TestNode& four = make(settings);
  start(four);
  ASSERT_TRUE(run_with(four));
  kill(two_);
  EXPECT_TRUE(until([&] { return ask(four, Nodes{2}, "echo", "", 1s) == Texts{"n2=unavailable"}; }));
  EXPECT_EQ(others(four), (Nodes{1, 2, 3}));
}

TEST_F(PeersMessagesTest, OneThatLeavesLeavesNobodyWaiting) {
  ASSERT_TRUE(run());
  std::string told;
  one_->ask(Nodes{2}, "never", "", base::Clock::now() + 1h, [&](auto answers) { told = text_of(answers.front()); });
  ASSERT_TRUE(until([&] { return kept_.size() == 1; }));
  two_->leave([] {});
  ASSERT_TRUE(until([&] { return !told.empty(); }));
  EXPECT_EQ(told, "n2=unavailable");
}

TEST_F(PeersMessagesTest, ABrokerThatGoesLeavesNobodyWaiting) {
  ASSERT_TRUE(run());
  std::string told;
  one_->ask(Nodes{2}, "never", "", base::Clock::now() + 1h, [&](auto answers) { told = text_of(answers.front()); });
  ASSERT_TRUE(until([&] { return kept_.size() == 1; }));
  server_.kill();
  ASSERT_TRUE(until([&] { return !told.empty(); }));
  EXPECT_EQ(told, "n2=unavailable");
  EXPECT_EQ(ask(one_, Peers::all, "echo", ""), (Texts{"n2=unavailable", "n3=unavailable"}));
  server_.start();
  ASSERT_TRUE(until([&] { return one_.is_connected && two_.is_connected && three_.is_connected; }));
  EXPECT_EQ(ask(one_, Peers::all, "echo", ""), (Texts{"n2=2", "n3=3"}));
}

TEST_F(PeersMessagesTest, WhatTheBrokerDoesNotHoldComesInPieces) {
  ASSERT_TRUE(run());
  const std::string large(100'000, 'x');
  EXPECT_EQ(ask(one_, Peers::all, "echo", large), (Texts{"n2=" + large + "2", "n3=" + large + "3"}));
  EXPECT_EQ(one_.metrics().malformed.read() + two_.metrics().malformed.read(), 0u);
}

TEST_F(PeersMessagesTest, WhatIsTooLargeIsRefusedWithASentence) {
  ASSERT_TRUE(run());
  EXPECT_EQ(ask(one_, Nodes{2}, "echo", std::string((8 << 20) + 1, 'x')), Texts{"n2=too_large"});
  EXPECT_EQ(ask(one_, Nodes{2}, "huge", ""), Texts{"n2=too_large"});
}

TEST_F(PeersMessagesTest, TooManyQuestionsAreRefused) {
  auto settings = settings_of_node(4);
  settings.served_max = 1;
  TestNode& four = make(settings);
  four->serve("never", [this](auto, auto answer) { kept_.push_back(std::move(answer)); });
  start(four);
  ASSERT_TRUE(run_with(four));
  one_->ask(Nodes{4}, "never", "", base::Clock::now() + 1h, [](auto) {});
  ASSERT_TRUE(until([&] { return kept_.size() == 1; }));
  EXPECT_EQ(ask(one_, Nodes{4}, "never", ""), Texts{"n4=exhausted"});
  kept_[0](std::string());
  ASSERT_TRUE(until([&] { return ask(one_, Nodes{4}, "never", "", 20ms) == Texts{"n4=timed_out"}; }));
}

TEST_F(PeersMessagesTest, TooManyQuestionsOfOursAreRefused) {
  auto settings = settings_of_node(4);
  settings.questions_max = 1;
  TestNode& four = make(settings);
  start(four);
  ASSERT_TRUE(run_with(four));
  four->ask(Nodes{2}, "never", "", base::Clock::now() + 1h, [](auto) {});
  EXPECT_EQ(ask(four, Nodes{2}, "echo", ""), Texts{"n2=exhausted"});
}

TEST_F(PeersMessagesTest, WhatIsToldComesInItsOrderAmongAnswersAndQuestions) {
  ASSERT_TRUE(run());
  one_->tell(Nodes{2}, "first", "a");
  one_->tell(Peers::all, "second", "b");
  one_->tell(Peers::all, "unknown", "?");
  one_->tell(Nodes{2}, "first", "c");
  EXPECT_EQ(ask(one_, Nodes{2}, "second", "d"), Texts{"n2=ok"});
  EXPECT_EQ(heard_, (Texts{"a", "b", "c", "d"}));
}

// As when one of the broker's servers dies with a question or its answer: neither node sees that.
TEST_F(PeersMessagesTest, WhatIsLostOnItsWayIsNotWaitedFor) {
  auto settings = settings_of_node(4);
  settings.ask_again_every = 20ms;
  TestNode& four = make(settings);
  start(four);
  three_->serve("never", [this](auto, auto answer) { kept_.push_back(std::move(answer)); });
  ASSERT_TRUE(run_with(four));
  std::map<std::uint32_t, std::string> told;
  for (const std::uint32_t node : {2, 3}) {
    four->ask(Nodes{node}, "never", "", base::Clock::now() + 1h,
              [&, node](auto answers) { told[node] = text_of(answers.front()); });
  }
  ASSERT_TRUE(until([&] { return kept_.size() == 2; }));
  // It knows nothing of what was asked before, and is otherwise the same.
  begin_again(two_, settings_of_node(2));
  ASSERT_TRUE(until([&] { return told.contains(2); }));
  EXPECT_EQ(told[2], "n2=unavailable");
  const std::uint64_t served = three_.metrics().served.read();
  ASSERT_TRUE(until([&] { return three_.metrics().served.read() >= served + 2; }));
  EXPECT_FALSE(told.contains(3)) << "three still knows of it";
}

TEST_F(PeersMessagesTest, ANodeThatIsAloneHasNobodyToAsk) {
  Peers& none = workers::NoPeers::instance();
  EXPECT_TRUE(none.is_alone());
  EXPECT_TRUE(none.others()->empty());
  Texts told;
  const auto note = [&told](const auto& answers) {
    told.push_back(std::to_string(answers.size()));
    for (const workers::PeerAnswer& one : answers) told.push_back(text_of(one));
  };
  none.ask(Peers::all, "echo", "", base::Clock::now(), note);
  none.ask(Nodes{2}, "echo", "", base::Clock::now(), note);
  EXPECT_EQ(told, (Texts{"0", "1", "?=unavailable"}));
}

}  // namespace
}  // namespace sluice::cluster
