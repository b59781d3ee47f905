#pragma once
// LateBroker: a shared broker inside the process, whose answers come when a test says so. What it was given is its
// stream: there messages get their places, from there those of covered rooms go to the sequencers.

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "workers/broker.hpp"
#include "workers/sequencer.hpp"

namespace sluice::workers {

class LateBroker final : public Broker {
 public:
  static constexpr std::uint64_t epoch = 0xb40ce4;
  static base::Position at(std::uint64_t offset) { return {epoch, offset}; }

  // Whether it answers at once after all.
  std::atomic<bool> takes_at_once{false}, prepares_at_once{false};
  // With what it refuses what is published from now on, or what is to be prepared; nothing: it does not.
  void refuse_messages(std::optional<base::Errc> why) {
    const std::lock_guard lock(mutex_);
    message_refusal_ = why;
  }
  void refuse_rooms(std::optional<base::Errc> why) {
    const std::lock_guard lock(mutex_);
    room_refusal_ = why;
  }

  std::size_t messages_waiting() const {
    const std::lock_guard lock(mutex_);
    return messages_.size();
  }
  std::size_t rooms_waiting() const {
    const std::lock_guard lock(mutex_);
    return rooms_.size();
  }

  // All that waits to be published gets its place, or ends with that error; whoever published is told.
  void take_messages() {
    for (auto& [sequencer, message, then] : taken_from(messages_)) {
      const Receipt receipt = append(*sequencer, *message);
      if (then) then(receipt);
    }
  }
  void lose_messages(base::Errc why) {
    for (auto& one : taken_from(messages_)) {
      if (one.then) one.then(base::fail(why, "the broker said so"));
    }
  }
  // All that waits to be prepared is, or that error comes instead.
  void prepare_rooms() {
    for (auto& one : taken_from(rooms_)) {
      cover(*one.sequencer, one.keys, one.since);
      if (one.then) one.then(base::ok());
    }
  }
  void fail_rooms(base::Errc why) {
    for (auto& one : taken_from(rooms_)) {
      if (one.then) one.then(base::fail(why, "the broker said so"));
    }
  }

  // --- as Broker has them ---

  bool is_shared() const override { return true; }
  std::optional<base::Result<Receipt>> publish(Sequencer& sequencer, const std::shared_ptr<Message>& message,
                                               const Publisher&, OnReceipt then) override {
    {
      const std::lock_guard lock(mutex_);
      if (message_refusal_) return base::Result<Receipt>(base::fail(*message_refusal_, "the broker refuses it"));
      if (!takes_at_once) {
        messages_.push_back({&sequencer, message, std::move(then)});
        return std::nullopt;
      }
    }
    return base::Result<Receipt>(append(sequencer, *message));
  }
  std::optional<base::Status> prepare(Sequencer& sequencer, std::span<const RoomKey> keys,
                                      std::optional<base::Position> since, OnPrepared then) override {
    {
      const std::lock_guard lock(mutex_);
      if (room_refusal_) return base::Status(base::fail(*room_refusal_, "the broker refuses them"));
      if (!prepares_at_once) {
        rooms_.push_back({&sequencer, {keys.begin(), keys.end()}, since, std::move(then)});
        return std::nullopt;
      }
    }
    cover(sequencer, {keys.begin(), keys.end()}, since);
    return base::ok();
  }

 private:
  struct WaitingMessage {
    Sequencer* sequencer;
    std::shared_ptr<Message> message;
    OnReceipt then;
  };
  struct WaitingRooms {
    Sequencer* sequencer;
    std::vector<RoomKey> keys;
    std::optional<base::Position> since;
    OnPrepared then;
  };

  template <class Waiting>
  std::vector<Waiting> taken_from(std::vector<Waiting>& waiting) {
    const std::lock_guard lock(mutex_);
    return std::exchange(waiting, {});
  }

  // One at a time, as a broker's thread would.
  Receipt append(Sequencer& sequencer, const Message& published) {
    const std::lock_guard lock(stream_mutex_);
    begin(sequencer);
    auto message = std::make_shared<Message>(published);
    const Receipt before{{}, sequencer.matched(message->target), message->target.is_one_room()};
    std::optional<std::uint64_t> offset;
    if (message->stored) {
      stream_.push_back(message);
      offset = stream_.size();
    }
    EXPECT_TRUE(sequencer.deliver(message, offset));
    return {at(stream_.size()), before.matched, before.is_exact};
  }

  void cover(Sequencer& sequencer, const std::vector<RoomKey>& keys, std::optional<base::Position> since) {
    const std::lock_guard lock(stream_mutex_);
    begin(sequencer);
    sequencer.advance(stream_.size());
    for (const RoomKey& key : keys) {
      if (!sequencer.covers({&key, 1}, std::nullopt, base::Clock::now())) sequencer.cover(key, stream_.size());
      if (!since) continue;
      const auto until = sequencer.wants_backlog(key, *since);
      if (until) sequencer.give_backlog(key, backlog(sequencer, key, *until));
    }
  }

  Backlog backlog(const Sequencer& sequencer, const RoomKey& key, std::uint64_t until) const {
    Backlog backlog;
    for (std::size_t offset = 1; offset <= until; ++offset) {
      const auto& message = stream_[offset - 1];
      const auto& rooms = message->target.rooms;
      const bool is_for_it = std::ranges::find(rooms, key) != rooms.end();
      if (is_for_it && message->target.name_space == sequencer.id()) backlog.messages.push_back(message);
    }
    return backlog;
  }

  void begin(Sequencer& sequencer) const {
    if (sequencer.position().epoch != epoch) sequencer.begin(at(stream_.size()));
  }

  mutable std::mutex mutex_;  // guards what waits and the refusals
  std::vector<WaitingMessage> messages_;
  std::vector<WaitingRooms> rooms_;
  std::optional<base::Errc> message_refusal_, room_refusal_;
  std::mutex stream_mutex_;  // guards what is below; taken before a sequencer's
  std::vector<std::shared_ptr<const Message>> stream_;
};

}  // namespace sluice::workers
