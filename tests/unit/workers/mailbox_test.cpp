#include "workers/mailbox.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "tests/unit/workers/messages.hpp"
#include "workers/readiness.hpp"

namespace sluice::workers {
namespace {

std::uint64_t wake_ups(const Mailbox& mailbox) {
  std::uint64_t count = 0;
  return read(mailbox.descriptor(), &count, sizeof count) == sizeof count ? count : 0;
}

std::vector<std::string> take(Mailbox& mailbox) {
  std::vector<Mail> mail;
  mailbox.take(mail);
  std::vector<std::string> texts;
  texts.reserve(mail.size());
  for (const Mail& piece : mail) texts.push_back(piece.message ? piece.message->data : "job");
  return texts;
}

TEST(Mailbox, GivesMailInOrderOnce) {
  Mailbox mailbox(1000, 10);
  for (const char* text : {"a", "b"}) mailbox.enqueue({message_to("room", text), {}});
  mailbox.enqueue({nullptr, [](Worker&) {}});
  EXPECT_EQ(take(mailbox), (std::vector<std::string>{"a", "b", "job"}));
  EXPECT_EQ(take(mailbox), std::vector<std::string>{});
}

TEST(Mailbox, IsBoundInMessages) {
  Mailbox mailbox(1000, 2);
  EXPECT_TRUE(mailbox.reserve(1));
  EXPECT_TRUE(mailbox.reserve(1));
  EXPECT_FALSE(mailbox.reserve(1));
  EXPECT_EQ(mailbox.depth(), 2u);
  EXPECT_EQ(mailbox.queued_bytes(), 2u);
  mailbox.handled(2, 2);
  EXPECT_TRUE(mailbox.reserve(1));
}

TEST(Mailbox, IsBoundInBytes) {
  Mailbox mailbox(100, 10);
  EXPECT_TRUE(mailbox.reserve(60));
  EXPECT_FALSE(mailbox.reserve(41));
  EXPECT_TRUE(mailbox.reserve(40));
  EXPECT_FALSE(mailbox.reserve(1));
  EXPECT_TRUE(mailbox.reserve(0));
  EXPECT_EQ(mailbox.queued_bytes(), 100u);
}

TEST(Mailbox, OnePieceAlwaysFitsIntoAnEmptyOne) {
  Mailbox mailbox(100, 10);
  EXPECT_TRUE(mailbox.reserve(5000));
  EXPECT_FALSE(mailbox.reserve(1));
}

TEST(Mailbox, ACancelledReservationLeavesNothingBehind) {
  Mailbox mailbox(100, 1);
  EXPECT_TRUE(mailbox.reserve(70));
  mailbox.cancel(70);
  EXPECT_EQ(mailbox.depth(), 0u);
  EXPECT_EQ(mailbox.queued_bytes(), 0u);
  EXPECT_TRUE(mailbox.reserve(100));
}

TEST(Mailbox, ManyPostsAreOneWakeUpUntilTheWorkerLooks) {
  Mailbox mailbox(1000, 10);
  mailbox.wake();
  mailbox.wake();
  EXPECT_EQ(wake_ups(mailbox), 1u);
  mailbox.wake();
  EXPECT_EQ(wake_ups(mailbox), 0u);
  take(mailbox);
  mailbox.wake();
  EXPECT_EQ(wake_ups(mailbox), 1u);
}

TEST(Mailbox, TakesAForcedJobHoweverFullItIs) {
  Mailbox mailbox(100, 1);
  EXPECT_TRUE(mailbox.reserve(100));
  mailbox.enqueue({message_to("room", "a"), {}});
  mailbox.force([](Worker&) {});
  EXPECT_EQ(wake_ups(mailbox), 1u);
  EXPECT_EQ(mailbox.depth(), 2u);
  EXPECT_EQ(take(mailbox), (std::vector<std::string>{"a", "job"}));
}

TEST(Mailbox, RefusesEverythingOnceItIsClosed) {
  Mailbox mailbox(100, 10);
  mailbox.close();
  EXPECT_FALSE(mailbox.reserve(0));
  EXPECT_EQ(mailbox.depth(), 0u);
}

// Puts numbered mail into the mailbox whenever there is room.
void produce(Mailbox& mailbox, std::uint64_t producer, std::uint64_t count) {
  for (std::uint64_t at = 0; at < count;) {
    if (!mailbox.reserve(1)) {
      std::this_thread::yield();
      continue;
    }
    auto message = std::make_shared<Message>();
    message->place = producer;
    message->position.offset = at++;
    mailbox.enqueue({std::move(message), {}});
    mailbox.wake();
  }
}

// A worker that sleeps until an edge comes must get all mail of many threads, each one's in its order.
TEST(Mailbox, NoWakeUpIsLost) {
  constexpr std::uint64_t producers = 4, each = 5000;
  Mailbox mailbox(1 << 30, 256);
  Readiness readiness;
  ASSERT_TRUE(readiness.add(mailbox.descriptor(), EPOLLIN | EPOLLET, Readiness::mailbox_tag));
  std::vector<std::thread> threads;
  threads.reserve(producers);
  for (std::uint64_t producer = 0; producer < producers; ++producer) {
    threads.emplace_back([&mailbox, producer] { produce(mailbox, producer, each); });
  }
  std::vector<std::uint64_t> next(producers);
  std::uint64_t got = 0;
  bool is_in_time = true;
  while (got < producers * each && is_in_time) {
    is_in_time = !readiness.wait(std::chrono::seconds(30)).empty();
    std::vector<Mail> mail;
    mailbox.take(mail);
    for (const Mail& piece : mail) EXPECT_EQ(piece.message->position.offset, next[piece.message->place]++);
    got += mail.size();
    mailbox.handled(mail.size(), mail.size());
  }
  EXPECT_TRUE(is_in_time);
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(got, producers * each);
  EXPECT_EQ(mailbox.depth(), 0u);
}

// The last piece of a burst has nobody behind it whose wake-up would make good for a lost one.
TEST(Mailbox, NoWakeUpIsLostAtTheEndOfABurst) {
  constexpr std::uint64_t bursts = 3000;
  Mailbox mailbox(1 << 30, 1024);
  Readiness readiness;
  ASSERT_TRUE(readiness.add(mailbox.descriptor(), EPOLLIN | EPOLLET, Readiness::mailbox_tag));
  std::atomic<std::uint64_t> taken = 0;
  std::atomic<bool> is_over = false, is_lost = false;
  std::thread worker([&] {
    while (!is_over && !is_lost) {
      if (readiness.wait(std::chrono::seconds(10)).empty() && !is_over) is_lost = true;
      std::vector<Mail> mail;
      mailbox.take(mail);
      mailbox.handled(mail.size(), mail.size());
      taken += mail.size();
    }
  });
  std::uint64_t sent = 0;
  for (std::uint64_t burst = 0; burst < bursts && !is_lost; ++burst) {
    const std::uint64_t size = 1 + burst * 7 % 61;
    produce(mailbox, 0, size);
    sent += size;
    while (taken < sent && !is_lost) std::this_thread::yield();
  }
  is_over = true;
  mailbox.force([](Worker&) {});
  worker.join();
  EXPECT_FALSE(is_lost);
}

}  // namespace
}  // namespace sluice::workers
