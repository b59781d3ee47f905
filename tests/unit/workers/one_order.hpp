#pragma once
// A sequencer with mailboxes that no worker looks at, for tests that look into them.

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/unit/workers/messages.hpp"
#include "workers/mailbox.hpp"
#include "workers/sequencer.hpp"

namespace sluice::workers {

constexpr std::uint64_t some_epoch = 0xc0ffee;

struct OneOrder {
  explicit OneOrder(HistoryLimits limits = {}, std::size_t workers = 2, std::size_t history_bytes = 1 << 30,
                    std::size_t mailbox_messages = 100)
      : budget(history_bytes) {
    std::vector<Mailbox*> boxes;
    for (std::size_t at = 0; at < workers; ++at) {
      mailboxes.push_back(std::make_unique<Mailbox>(1 << 20, mailbox_messages));
      boxes.push_back(mailboxes.back().get());
    }
    sequencer = std::make_unique<Sequencer>(Sequencer::Identity{.epoch = some_epoch}, limits, budget, boxes);
  }

  base::Result<Receipt> publish(const std::shared_ptr<Message>& message) {
    return sequencer->publish(message, std::nullopt);
  }
  // Publishes one message and gives its offset.
  std::uint64_t say(const std::vector<std::string>& rooms, const std::string& data = "x") {
    const auto receipt = publish(message_to(rooms, data));
    EXPECT_TRUE(receipt);
    return receipt ? receipt->position.offset : 0;
  }
  std::uint64_t say(const char* room, const std::string& data = "x") {
    return say(std::vector<std::string>{room}, data);
  }
  Joined join(std::uint16_t worker, const std::vector<std::string>& rooms,
              std::optional<std::uint64_t> since = std::nullopt) {
    std::optional<base::Position> position;
    if (since) position = at(*since);
    return sequencer->join(base::WorkerId{worker}, rooms_named(rooms), position);
  }
  void leave(std::uint16_t worker, const std::vector<std::string>& rooms) {
    sequencer->leave(base::WorkerId{worker}, rooms_named(rooms));
  }
  Replay replay(const std::vector<std::string>& rooms, std::uint64_t since) const {
    return sequencer->replay(rooms_named(rooms), at(since));
  }
  // Takes all mail of a worker and gives the messages' data.
  std::vector<std::string> mail_of(std::size_t worker) {
    std::vector<Mail> mail;
    mailboxes[worker]->take(mail);
    std::vector<std::string> texts;
    std::size_t bytes = 0;
    for (const Mail& piece : mail) {
      texts.push_back(piece.message->data);
      bytes += piece.message->bytes();
    }
    mailboxes[worker]->handled(bytes, mail.size());
    return texts;
  }
  static base::Position at(std::uint64_t offset) { return {some_epoch, offset}; }

  base::ByteBudget budget;
  std::vector<std::unique_ptr<Mailbox>> mailboxes;
  std::unique_ptr<Sequencer> sequencer;
};

using Texts = std::vector<std::string>;

inline Texts texts_of(const std::vector<std::shared_ptr<const Message>>& messages) {
  Texts texts;
  for (const auto& message : messages) texts.push_back(message->data);
  return texts;
}
inline Texts texts_of(const Replay& replay) { return texts_of(replay.messages); }

}  // namespace sluice::workers
