// What becomes of clients' messages while a worker's mailbox is full: reads pause, nothing is lost, nothing comes
// twice.

#include <gtest/gtest.h>

#include <optional>

#include "tests/unit/gateway/running_gateway.hpp"

namespace sluice::gateway {
namespace {

constexpr std::size_t mailbox_messages = 64;
constexpr int messages = 10 * mailbox_messages;

// Two workers that relay between their clients, each with a small mailbox.
class PausedReads : public testing::Test {
 protected:
  explicit PausedReads(const std::function<void(Options&)>& change = [](Options&) {})
      : gateway_([&change](RunningGateway& g) {
          g.options.client_messages = ClientMessages::relay;
          g.worker_options.workers = 2;
          g.worker_options.mailbox_messages_max = mailbox_messages;
          change(g.options);
        }) {}

  // The kernel chooses the worker, so clients connect until one is where it should be.
  TestClient client_of(std::size_t worker, const std::string& room = "lobby") {
    while (true) {
      TestClient client(gateway_);
      client.open("/?envelope=1&room=" + room);
      const std::string open = client.read_frame();
      if (open.find("\"id\":\"9f31c2d0-" + std::to_string(worker) + '-') != std::string::npos) return client;
    }
  }

  static std::string numbered_messages() {
    std::string frames;
    for (int number = 0; number < messages; ++number) frames += text_frame(std::to_string(number));
    return frames;
  }
  // Reads all of them, each once and in order.
  static testing::AssertionResult has_got_all(TestClient& client) {
    for (int number = 0; number < messages; ++number) {
      const std::string frame = client.read_frame();
      if (frame.find("\"data\":\"" + std::to_string(number) + '"') == std::string::npos)
        return testing::AssertionFailure() << "instead of " << number << " came '" << frame << "'";
    }
    return testing::AssertionSuccess();
  }
  static std::string answer_to_ping(TestClient& client) {
    client.send(ping_frame("p"));
    return client.read_frame();
  }
  bool wait_for_pause() {
    return wait_until([this] { return gateway_.metrics(0).reads_paused.read() == 1; });
  }

  RunningGateway gateway_;
  // One on each worker; the second worker is the one that is blocked.
  TestClient sender_{client_of(0)}, receiver_{client_of(1)};
};

TEST_F(PausedReads, NothingIsLostOrDoubled) {
  gateway_.block(1);
  sender_.send(numbered_messages());
  ASSERT_TRUE(wait_for_pause());
  EXPECT_LE(gateway_.pool->mailbox_depth(base::WorkerId{1}), mailbox_messages);
  gateway_.release();
  EXPECT_TRUE(has_got_all(sender_));
  EXPECT_TRUE(has_got_all(receiver_));
  EXPECT_EQ(answer_to_ping(sender_), "\x8Ap");
  EXPECT_EQ(answer_to_ping(receiver_), "\x8Ap");
  EXPECT_EQ(gateway_.metrics(0).reads_paused.read(), 0U);
  EXPECT_EQ(gateway_.metrics(0).messages_received.read(), std::uint64_t{messages});
}

TEST_F(PausedReads, AFrameThatCameInPartIsTakenUpWhereItWas) {
  gateway_.block(1);
  const std::string frames = numbered_messages();
  sender_.send(std::string_view(frames).substr(0, frames.size() - 5));
  ASSERT_TRUE(wait_for_pause());
  sender_.send(std::string_view(frames).substr(frames.size() - 5));
  gateway_.release();
  EXPECT_TRUE(has_got_all(sender_));
  EXPECT_TRUE(has_got_all(receiver_));
}

TEST_F(PausedReads, BytesThatTheKernelHoldsAreReadAfterwards) {
  gateway_.block(1);
  sender_.send(text_frame("warm up"));
  for (std::size_t number = 0; number < mailbox_messages; ++number) sender_.send(text_frame("fill"));
  ASSERT_TRUE(wait_for_pause());
  // Sent while nobody reads: no edge that comes now is looked at.
  sender_.send(numbered_messages());
  gateway_.release();
  for (std::size_t number = 0; number < mailbox_messages + 1; ++number) {
    ASSERT_NE(sender_.read_frame(), "");
    ASSERT_NE(receiver_.read_frame(), "");
  }
  EXPECT_TRUE(has_got_all(sender_));
  EXPECT_TRUE(has_got_all(receiver_));
}

TEST_F(PausedReads, ACloseBehindTheMessagesIsAnsweredAfterThem) {
  gateway_.block(1);
  sender_.send(numbered_messages() + close_frame("\x03\xE8"));
  ASSERT_TRUE(wait_for_pause());
  gateway_.release();
  EXPECT_TRUE(has_got_all(receiver_));
  EXPECT_TRUE(wait_until([this] { return gateway_.closed(workers::EndReason::client_closed, 0) == 1; }));
}

TEST_F(PausedReads, MessagesOfAClientThatHasFinishedSendingStillArrive) {
  gateway_.block(1);
  sender_.send(numbered_messages());
  ASSERT_TRUE(wait_for_pause());
  sender_.end_sending();
  gateway_.release();
  EXPECT_TRUE(has_got_all(receiver_));
}

TEST_F(PausedReads, AClientThatIsEndedMeanwhileIsToldSoAtOnce) {
  gateway_.block(1);
  sender_.send(numbered_messages());
  ASSERT_TRUE(wait_for_pause());
  gateway_.pool->drain({.over = std::chrono::milliseconds(0), .ending = {workers::EndReason::draining, 1001, ""}});
  std::string frame = sender_.read_frame();
  while (frame.starts_with('\x81')) frame = sender_.read_frame();
  EXPECT_EQ(frame, "\x88\x03\xE9");
  gateway_.release();
  EXPECT_TRUE(wait_until([this] { return gateway_.metrics(0).reads_paused.read() == 0; }));
}

class PausedHeartbeat : public PausedReads {
 protected:
  PausedHeartbeat()
      : PausedReads([](Options& options) {
          options.ping_interval_seconds = std::chrono::milliseconds(50);
          options.ping_timeout_seconds = std::chrono::milliseconds(500);
        }) {}
};

TEST_F(PausedHeartbeat, SilenceThatIsOursEndsNobody) {
  TestClient silent = client_of(0, "elsewhere");
  gateway_.block(1);
  sender_.send(numbered_messages());
  ASSERT_TRUE(wait_for_pause());
  // Another client of the same worker, last heard after the sender, is closed for its silence: so long was the pause.
  silent.send(pong_frame(""));
  std::string frame = silent.read_any_frame();
  while (frame.starts_with('\x89')) frame = silent.read_any_frame();
  EXPECT_TRUE(frame.starts_with('\x88'));
  gateway_.release();
  EXPECT_TRUE(has_got_all(sender_));
}

}  // namespace
}  // namespace sluice::gateway
