// One order for everyone, over workers that run: many publishers, members on every worker, and some who come back.
#include <gtest/gtest.h>

#include <set>

#include "tests/unit/workers/running_workers.hpp"

namespace sluice::workers {
namespace {

constexpr int publishers = 4, messages_each = 400, messages = publishers * messages_each;
constexpr std::size_t workers = 3;

Options with_history() {
  Options options = with_workers(workers);
  options.history_messages = messages;
  options.mailbox_messages_max = 256;
  return options;
}

void publish_all(RunningWorkers& running, int publisher) {
  for (int count = 0; count < messages_each;) {
    const auto message = message_to("a", std::to_string(publisher) + "-" + std::to_string(count));
    if (running.publish(message)) {
      ++count;
    } else {
      std::this_thread::yield();
    }
  }
}

void publish_from_many_threads(RunningWorkers& running, std::vector<std::thread>& threads) {
  for (int publisher = 0; publisher < publishers; ++publisher) {
    threads.emplace_back([&running, publisher] { publish_all(running, publisher); });
  }
}

std::uint64_t offset_of(const std::string& line) { return line.starts_with("a@") ? std::stoull(line.substr(2)) : 0; }

TEST(PoolOrder, EveryMemberOnEveryWorkerSeesTheSame) {
  RunningWorkers running(with_history());
  std::vector<LineClient> clients;
  for (std::size_t count = 0; count < 4 * workers; ++count) clients.push_back(running.member("a", count % workers));
  std::vector<std::thread> threads;
  publish_from_many_threads(running, threads);
  std::vector<std::vector<std::string>> seen(clients.size());
  for (std::size_t at = 0; at < clients.size(); ++at) {
    threads.emplace_back([&client = clients[at], &mine = seen[at]] {
      while (mine.size() < messages) mine.push_back(client.line());
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const auto& one : seen) EXPECT_EQ(one, seen[0]);
  for (std::size_t at = 0; at < seen[0].size(); ++at) ASSERT_EQ(offset_of(seen[0][at]), at + 1) << seen[0][at];
  EXPECT_EQ(std::set<std::string>(seen[0].begin(), seen[0].end()).size(), static_cast<std::size_t>(messages));
}

// Reads a few lines, goes, and comes back on the next worker from where it was, until it has seen all.
void read_with_breaks(RunningWorkers& running, std::size_t first_worker, std::vector<std::uint64_t>& seen) {
  std::uint64_t cursor = 0;
  for (std::size_t round = first_worker; cursor < messages; ++round) {
    LineClient client = running.client(round % workers);
    client.send("resume " + base::Position{RunningWorkers::epoch, cursor}.text() + " a b\n");
    ASSERT_EQ(client.line(), "open " + std::to_string(cursor) + " 0");
    for (std::size_t count = 0; count < 5 + 37 * (round % 4) && cursor < messages; ++count) {
      const std::string line = client.line();
      cursor = offset_of(line);
      ASSERT_GT(cursor, 0u) << line;
      seen.push_back(cursor);
    }
  }
}

TEST(PoolOrder, WhoComesBackFromItsPositionMissesNothingAndSeesNothingTwice) {
  RunningWorkers running(with_history());
  std::vector<std::thread> threads;
  publish_from_many_threads(running, threads);
  std::vector<std::vector<std::uint64_t>> seen(6);
  for (std::size_t at = 0; at < seen.size(); ++at) {
    threads.emplace_back([&running, at, &mine = seen[at]] { read_with_breaks(running, at, mine); });
  }
  for (std::thread& thread : threads) thread.join();
  std::vector<std::uint64_t> all(messages);
  for (std::size_t at = 0; at < all.size(); ++at) all[at] = at + 1;
  for (const auto& one : seen) EXPECT_EQ(one, all);
}

}  // namespace
}  // namespace sluice::workers
