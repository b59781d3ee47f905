// The race that a sequencer is there to win: members join, leave and resume on their workers' threads while others
// publish, and each of them sees every message of its room from its first join on, once, in the one order.
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <random>
#include <thread>

#include "tests/unit/workers/one_order.hpp"

namespace sluice::workers {
namespace {

constexpr int rooms = 3, publishers = 3, messages_each = 1500, members_each = 12;
constexpr std::uint16_t workers = 3;

std::string room_name(std::size_t room) { return "room" + std::to_string(room); }

struct RaceMember {
  std::size_t room = 0;
  bool is_in = false;
  std::uint64_t joined_place = 0;
  std::uint64_t first = 0;   // the offset that it began after
  std::uint64_t cursor = 0;  // the offset that it has seen last
  std::vector<std::uint64_t> seen;
};

// One worker's thread: its own mailbox and members, as a worker has them.
class RaceWorker {
 public:
  RaceWorker(OneOrder& order, std::uint16_t id, const std::atomic<bool>& is_over)
      : order_(order), id_(id), is_over_(is_over), random_(id), members_(members_each) {
    for (std::size_t at = 0; at < members_.size(); ++at) members_[at].room = at % rooms;
  }

  void run() {
    while (!is_over_) {
      take_mail();
      change(members_[random_() % members_.size()]);
      std::this_thread::yield();  // the publishers need the lock, too
    }
    for (RaceMember& member : members_) {
      if (!member.is_in) join(member);
    }
    take_mail();
  }
  const std::vector<RaceMember>& members() const { return members_; }

 private:
  void take_mail() {
    std::vector<Mail> mail;
    order_.mailboxes[id_]->take(mail);
    std::size_t bytes = 0;
    for (const Mail& piece : mail) {
      bytes += piece.message->bytes();
      EXPECT_GT(piece.message->place, last_place_);
      last_place_ = piece.message->place;
      for (RaceMember& member : members_) {
        if (member.is_in && member.joined_place < last_place_ && is_for(member, *piece.message)) {
          see(member, *piece.message);
        }
      }
    }
    order_.mailboxes[id_]->handled(bytes, mail.size());
  }
  static bool is_for(const RaceMember& member, const Message& message) {
    const auto& keys = message.target.rooms;
    return std::find(keys.begin(), keys.end(), RoomKey::room(room_name(member.room))) != keys.end();
  }
  static void see(RaceMember& member, const Message& message) {
    if (!message.stored) return;
    member.cursor = message.position.offset;
    member.seen.push_back(member.cursor);
  }
  void change(RaceMember& member) {
    if (!member.is_in) return join(member);
    if (random_() % 4 != 0) return;
    order_.leave(id_, {room_name(member.room)});
    member.is_in = false;
  }
  void join(RaceMember& member) {
    const bool is_new = member.joined_place == 0 && member.seen.empty() && member.first == 0;
    const Joined joined =
        order_.join(id_, {room_name(member.room)}, is_new ? std::nullopt : std::optional{member.cursor});
    EXPECT_EQ(joined.replay.gap, Gap::none);
    if (is_new) member.first = member.cursor = joined.position.offset;
    for (const auto& message : joined.replay.messages) see(member, *message);
    member.joined_place = joined.place;
    member.is_in = true;
  }

  OneOrder& order_;
  const std::uint16_t id_;
  const std::atomic<bool>& is_over_;
  std::mt19937 random_;
  std::vector<RaceMember> members_;
  std::uint64_t last_place_ = 0;
};

// Publishes to one room, to two, or without storage; notes which offsets belong to which rooms.
void publish_all(OneOrder& order, std::uint32_t seed, std::map<std::uint64_t, std::vector<std::size_t>>& published) {
  std::mt19937 random(seed);
  for (int count = 0; count < messages_each;) {
    std::vector<std::size_t> targets{random() % rooms};
    if (random() % 4 == 0) targets.push_back((targets[0] + 1) % rooms);
    std::vector<std::string> names;
    names.reserve(targets.size());
    for (const std::size_t room : targets) names.push_back(room_name(room));
    const auto message = message_to(names, "x");
    message->stored = random() % 8 != 0;
    const auto receipt = order.publish(message);
    if (!receipt) {
      EXPECT_EQ(receipt.error().code, base::Errc::exhausted);
      std::this_thread::yield();
      continue;
    }
    ++count;
    if (message->stored) published[receipt->position.offset] = targets;
  }
}

TEST(SequencerRace, EveryMemberSeesTheOneOrderWithoutLossOrDouble) {
  OneOrder order({.messages_max = publishers * messages_each}, workers, 1 << 30, 200);
  std::atomic<bool> is_over = false;
  std::vector<std::unique_ptr<RaceWorker>> race;
  std::vector<std::thread> worker_threads, publisher_threads;
  for (std::uint16_t id = 0; id < workers; ++id) race.push_back(std::make_unique<RaceWorker>(order, id, is_over));
  for (const auto& worker : race) worker_threads.emplace_back([&worker] { worker->run(); });
  std::vector<std::map<std::uint64_t, std::vector<std::size_t>>> published(publishers);
  for (std::uint32_t at = 0; at < publishers; ++at) {
    publisher_threads.emplace_back([&, at] { publish_all(order, at, published[at]); });
  }
  for (std::thread& thread : publisher_threads) thread.join();
  is_over = true;
  for (std::thread& thread : worker_threads) thread.join();

  std::vector<std::vector<std::uint64_t>> offsets(rooms);
  std::map<std::uint64_t, std::vector<std::size_t>> all;
  for (auto& one : published) all.merge(one);
  EXPECT_EQ(all.size(), order.sequencer->position().offset);
  for (const auto& [offset, targets] : all) {
    for (const std::size_t room : targets) offsets[room].push_back(offset);
  }
  for (const auto& worker : race) {
    for (const RaceMember& member : worker->members()) {
      std::vector<std::uint64_t> expected = offsets[member.room];
      std::erase_if(expected, [&member](std::uint64_t offset) { return offset <= member.first; });
      EXPECT_EQ(member.seen, expected);
    }
  }
}

// Receipts count the members at the message's own place: with one member that comes and goes, 0 or 1.
TEST(SequencerRace, MatchedIsWhoWasThere) {
  OneOrder order({}, 1, 1 << 30, 100'000);
  std::atomic<bool> is_over = false;
  std::thread publisher([&] {
    std::uint64_t matched = 0;
    for (int count = 0; count < 2000; ++count) matched += order.publish(message_to("a", "x"))->matched;
    is_over = true;
    EXPECT_EQ(matched, order.mailboxes[0]->depth());
  });
  while (!is_over) {
    order.join(0, {"a"});
    order.leave(0, {"a"});
  }
  publisher.join();
}

}  // namespace
}  // namespace sluice::workers
