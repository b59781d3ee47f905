// What befalls those that read too slowly.
#include <gtest/gtest.h>

#include "tests/unit/workers/delivery_parts.hpp"

namespace sluice::workers {
namespace {

Options small(SlowPolicy policy) { return with_policy(policy, 3); }

struct SlowClient : DeliveryParts {
  explicit SlowClient(const Options& of, WireFormat format = PlainEdge::with_room) : DeliveryParts(of) {
    slot = open({"a"}, format);
    fill(slot);
  }
  void say_all(const std::vector<std::string>& texts) {
    for (const std::string& text : texts) say("a", text);
  }
  std::uint32_t slot;
};

TEST(SlowPolicy, CloseEndsTheConnectionWithAReason) {
  SlowClient client(small(SlowPolicy::close));
  client.say_all({"1", "2", "3"});
  EXPECT_TRUE(client.at(client.slot).is_open());
  client.say_all({"4", "5"});
  const auto endings = client.endings.take();
  ASSERT_EQ(endings.size(), 1u);
  EXPECT_EQ(endings[0].slot, client.slot);
  EXPECT_TRUE(endings[0].with_goodbye);
  EXPECT_EQ(endings[0].ending.reason, EndReason::slow_client);
  EXPECT_EQ(endings[0].ending.close_code, 1013);
  EXPECT_FALSE(endings[0].ending.text.empty());
  EXPECT_EQ(client.drops(DropReason::closing), 2u);
}

TEST(SlowPolicy, OthersHearAllTheSame) {
  SlowClient client(small(SlowPolicy::close));
  const auto fast = client.open({"a"});
  client.say_all({"1", "2", "3", "4", "5"});
  EXPECT_EQ(client.read_all(fast), "1\n2\n3\n4\n5\n");
}

TEST(SlowPolicy, AClientWhoseSocketTakesAllIsNotSlow) {
  DeliveryParts parts(small(SlowPolicy::close));
  const auto slot = parts.open({"a"});
  for (int count = 0; count < 20; ++count) parts.say("a", "x");
  EXPECT_TRUE(parts.endings.is_empty());
  EXPECT_EQ(parts.read_all(slot).size(), 40u);
}

TEST(SlowPolicy, DropNewestKeepsWhatWaitsAndTellsOfTheGapBehindIt) {
  SlowClient client(small(SlowPolicy::drop_newest));
  client.say_all({"1", "2", "3", "4", "5"});
  EXPECT_EQ(client.drops(DropReason::outbox_full_newest), 2u);
  EXPECT_EQ(client.read_all(client.slot), "a:1\na:2\na:3\nGAP\n");
  EXPECT_EQ(client.metrics.gaps.read(), 1u);
  client.say_all({"6"});
  EXPECT_EQ(client.read_all(client.slot), "a:6\n");
}

TEST(SlowPolicy, TheGapStandsWhereTheLossWas) {
  SlowClient client(small(SlowPolicy::drop_newest));
  client.say_all({"1", "2", "3", "lost"});
  Outbox& outbox = client.outbox(client.slot);
  client.read(client.slot);
  client.flusher.unblock(client.at(client.slot));
  client.say_all({"4"});
  EXPECT_LE(outbox.messages(), 3u);
  EXPECT_EQ(client.read_all(client.slot), "a:1\na:2\na:3\nGAP\na:4\n");
}

TEST(SlowPolicy, DropOldestMakesRoomForTheNewest) {
  SlowClient client(small(SlowPolicy::drop_oldest));
  client.say_all({"1", "2", "3", "4", "5"});
  EXPECT_EQ(client.drops(DropReason::outbox_full_oldest), 2u);
  EXPECT_EQ(client.read_all(client.slot), "GAP\na:3\na:4\na:5\n");
}

TEST(SlowPolicy, OneNoticeStandsInEachHoleBehindWhatIsPartlyWritten) {
  SlowClient client(small(SlowPolicy::drop_oldest));
  const std::string large(100'000, 'L');
  client.read(client.slot);
  client.flusher.unblock(client.at(client.slot));
  client.say_all({large});
  client.flush();
  client.say_all({"1", "2", "3", "4"});
  client.say_all({"5"});
  EXPECT_EQ(client.read_all(client.slot), "a:" + large + "\nGAP\na:4\na:5\n");
  client.flusher.unblock(client.at(client.slot));
  client.say_all({"6"});
  EXPECT_EQ(client.read_all(client.slot), "a:6\n");
}

TEST(SlowPolicy, APartlyWrittenMessageIsFinished) {
  SlowClient client(small(SlowPolicy::drop_oldest), PlainEdge::bare);
  const std::string large(100'000, 'L');
  client.read(client.slot);
  client.flusher.unblock(client.at(client.slot));
  client.say_all({large});
  client.flush();
  ASSERT_LT(client.outbox(client.slot).bytes(), large.size());
  ASSERT_GT(client.outbox(client.slot).bytes(), 0u);
  client.say_all({"1", "2", "3", "4"});
  EXPECT_EQ(client.read_all(client.slot), large + "\n3\n4\n");
}

TEST(SlowPolicy, ConflateKeepsTheNewestOfAKeyAtTheTail) {
  SlowClient client(small(SlowPolicy::conflate));
  const auto say = [&client](const char* data, const char* key) {
    auto message = message_to("a", data);
    message->conflation_key = key;
    client.deliver(message);
  };
  say("x1", "x");
  say("y1", "y");
  say("z1", "z");
  say("x2", "x");
  EXPECT_EQ(client.drops(DropReason::conflated), 1u);
  EXPECT_EQ(client.drops(DropReason::outbox_full_oldest), 0u);
  say("w1", "w");
  EXPECT_EQ(client.drops(DropReason::outbox_full_oldest), 1u);
  EXPECT_EQ(client.read_all(client.slot), "GAP\na:z1\na:x2\na:w1\nGAP\n");
}

TEST(SlowPolicy, AMessagesOwnPolicyIsBeforeTheNodes) {
  SlowClient client(small(SlowPolicy::close));
  client.say_all({"1", "2", "3"});
  auto message = message_to("a", "4");
  message->slow_policy = SlowPolicy::drop_newest;
  client.deliver(message);
  EXPECT_TRUE(client.endings.is_empty());
  EXPECT_EQ(client.drops(DropReason::outbox_full_newest), 1u);
}

TEST(SlowPolicy, BytesAreBoundToo) {
  Options options;
  options.outbox_bytes_max = 100;
  options.slow_policy = SlowPolicy::drop_newest;
  SlowClient client(options, PlainEdge::bare);
  ASSERT_EQ(client.outbox(client.slot).bytes(), 1u);
  client.say_all({std::string(98, 'x'), "y", ""});
  EXPECT_EQ(client.drops(DropReason::outbox_full_newest), 2u);
  EXPECT_EQ(client.read_all(client.slot), std::string(98, 'x') + "\n");
}

TEST(SlowPolicy, MessagesThatComeTogetherAreBoundLikeThoseThatComeAlone) {
  DeliveryParts parts(small(SlowPolicy::drop_newest));
  const auto slot = parts.open({"a"});
  const std::string large(3'000, 'x');
  parts.deliver(std::vector<std::shared_ptr<Message>>{
      message_to("a", large), message_to("a", large), message_to("a", large), message_to("a", large),
      message_to("a", large), message_to("a", large), message_to("a", large), message_to("a", large)});
  EXPECT_LE(parts.outbox(slot).messages(), 3u);
  EXPECT_GT(parts.drops(DropReason::outbox_full_newest), 0u);
}

// Takes nothing: what it has waits for the socket.
class FullTransport : public Transport {
 public:
  Progress read(int, std::span<char>) override { return {State::blocked, 0, 0}; }
  Progress write(int, std::span<const iovec>) override { return {State::blocked, 0, 0}; }
  bool has_pending() const override { return true; }
  Progress end(int) override { return {State::blocked, 0, 0}; }
  std::string_view failure() const override { return {}; }
};

TEST(SlowPolicy, AnEmptyOutboxOverAFullTransportHasBoundsButNoAge) {
  DeliveryParts parts(small(SlowPolicy::drop_newest));
  const auto slot = parts.open({"a"});
  reach(TransportOf{}, parts.at(slot)) = std::make_unique<FullTransport>();
  parts.flusher.await_pending(parts.at(slot));
  parts.deliver({message_to("a", "1"), message_to("a", "2")});
  EXPECT_EQ(parts.outbox(slot).messages(), 2u);
  parts.deliver({message_to("a", "3"), message_to("a", "4")});
  EXPECT_EQ(parts.outbox(slot).messages(), 3u);
}

TEST(SlowPolicy, AMessageAlwaysFitsIntoAnEmptyOutbox) {
  Options options;
  options.outbox_bytes_max = 100;
  DeliveryParts parts(options);
  const auto slot = parts.open({"a"});
  parts.say("a", std::string(5000, 'x'));
  EXPECT_EQ(parts.read_all(slot), std::string(5000, 'x') + "\n");
}

TEST(SlowPolicy, AgeIsBoundForThoseThatAreBlocked) {
  SlowClient client(small(SlowPolicy::drop_newest), PlainEdge::bare);
  client.now += client.options.outbox_age_ms_max;
  client.say_all({"in time"});
  client.now += std::chrono::milliseconds(1);
  client.say_all({"late"});
  EXPECT_EQ(client.drops(DropReason::outbox_full_newest), 1u);
  EXPECT_EQ(client.read_all(client.slot), "in time\n");
}

TEST(SlowPolicy, TheProcessWideCapIsForThoseThatAreBlocked) {
  SlowClient client(small(SlowPolicy::drop_newest), PlainEdge::bare);
  const auto fast = client.open({"a"});
  client.queued.take(client.queued.bytes_max());
  client.say_all({"x"});
  EXPECT_EQ(client.drops(DropReason::outbox_full_newest), 1u);
  EXPECT_EQ(client.read_all(fast), "x\n");
  client.queued.give_back(client.queued.bytes_max());
}

TEST(SlowPolicy, ControlFramesAreUnderNoPolicyButHaveABound) {
  SlowClient client(small(SlowPolicy::drop_oldest), PlainEdge::bare);
  client.say_all({"1", "2", "3"});
  client.delivery.send_control(client.at(client.slot), "PONG\n", client.now);
  EXPECT_EQ(client.read_all(client.slot), "1\n2\n3\nPONG\n");
  client.fill(client.slot);
  for (std::size_t bytes = 0; bytes < client.options.outbox_bytes_max + 200'000; bytes += 1000) {
    client.delivery.send_control(client.at(client.slot), std::string(1000, 'P'), client.now);
  }
  EXPECT_FALSE(client.at(client.slot).is_open());
  EXPECT_LE(client.outbox(client.slot).bytes(), client.options.outbox_bytes_max + 100'000);
  for (const auto& pending : client.endings.take()) EXPECT_EQ(pending.ending.reason, EndReason::slow_client);
}

TEST(SlowPolicy, AFormatThatCannotTellOfAGapIsToldNothing) {
  SlowClient client(small(SlowPolicy::drop_oldest), PlainEdge::bare);
  client.say_all({"1", "2", "3", "4"});
  EXPECT_EQ(client.read_all(client.slot), "2\n3\n4\n");
  EXPECT_EQ(client.metrics.gaps.read(), 0u);
}

// The gap's frame may need another chunk than the message that stands behind it.
TEST(SlowPolicy, AGapIsToldBeforeALargeMessageForOneConnection) {
  SlowClient client(small(SlowPolicy::drop_newest));
  client.say_all({"1", "2", "3", "lost"});
  client.frames.end_turn(client.now);
  client.read(client.slot);
  client.flusher.unblock(client.at(client.slot));
  const std::string large(100'000, 'L');
  client.delivery.deliver_to(client.at(client.slot), message_to("a", large), client.now);
  const std::string got = client.read_all(client.slot);
  EXPECT_TRUE(got == "a:1\na:2\na:3\nGAP\na:" + large + "\n") << got.substr(0, 100);
}

TEST(SlowPolicy, GaugesAreRightAfterEveryKindOfDrop) {
  for (const SlowPolicy policy :
       {SlowPolicy::drop_newest, SlowPolicy::drop_oldest, SlowPolicy::conflate, SlowPolicy::close}) {
    SlowClient client(small(policy));
    for (int count = 0; count < 10; ++count) {
      auto message = message_to("a", std::to_string(count));
      message->conflation_key = count % 2 == 0 ? "even" : "odd";
      client.deliver(message);
    }
    EXPECT_EQ(client.metrics.outbox_bytes.read(), client.outbox(client.slot).bytes());
    EXPECT_EQ(client.metrics.outbox_messages.read(), client.outbox(client.slot).messages());
    client.read_all(client.slot);
    EXPECT_EQ(client.metrics.outbox_bytes.read(), 0u);
    EXPECT_EQ(client.metrics.outbox_messages.read(), 0u);
  }
}

// --- overload ---

std::shared_ptr<Message> volatile_message(std::string data) {
  auto message = message_to("a", std::move(data));
  message->stored = false;
  return message;
}

TEST(SlowPolicy, UnderOverloadVolatileMessagesAreNotQueuedForWhoIsSlow) {
  SlowClient client(Options{});
  const auto fast = client.open({"a"});
  client.relief.set(overload::Action::drop_volatile, 1);
  client.deliver(volatile_message("lost"));
  client.say("a", "kept");
  // Side by side, as one piece.
  client.deliver({volatile_message("lost, too"), message_to("a", "kept, too")});
  EXPECT_EQ(client.read_all(client.slot), "a:kept\na:kept, too\n");
  EXPECT_EQ(client.read_all(fast), "lost\nkept\nlost, too\nkept, too\n");
  EXPECT_EQ(client.drops(DropReason::overload), 2u);
  EXPECT_EQ(client.metrics.relieved_by(overload::Action::drop_volatile).read(), 2u);
}

TEST(SlowPolicy, WithoutOverloadVolatileMessagesAreQueuedAsOthers) {
  SlowClient client(Options{});
  client.deliver(volatile_message("kept"));
  EXPECT_EQ(client.read_all(client.slot), "a:kept\n");
}

TEST(SlowPolicy, UnderOverloadAnOutboxIsTooOldSooner) {
  Options options = with_policy(SlowPolicy::close);
  options.outbox_age_ms_max = std::chrono::seconds(10);
  SlowClient client(options);
  client.say("a", "1");
  client.flusher.check_ages(client.delivery, client.now + std::chrono::seconds(2));
  EXPECT_TRUE(client.endings.is_empty());
  client.relief.set(overload::Action::shorten_timeouts, 1000);
  client.flusher.check_ages(client.delivery, client.now + std::chrono::seconds(2));
  EXPECT_FALSE(client.endings.is_empty());
}

}  // namespace
}  // namespace sluice::workers
