#pragma once
// History: a namespace's retained messages: each stored once, each room a bounded list of references, one byte budget
// over all. Not safe for threads by itself: the sequencer's lock guards it.

#include <boost/container/small_vector.hpp>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/byte_budget.hpp"
#include "workers/message.hpp"

namespace sluice::workers {

// One message, as long as any room refers to it. They form one list, oldest first.
struct StoredMessage {
  std::shared_ptr<const Message> message;
  StoredMessage* previous = nullptr;
  StoredMessage* next = nullptr;
  std::uint32_t references = 0;
};

// A room's retained messages, oldest first. Empty, it owns nothing.
class RoomHistory {
 public:
  std::size_t size() const { return ring_ ? ring_->size : 0; }
  StoredMessage& at(std::size_t index) const {
    return *ring_->places[(ring_->begin + index) & (ring_->places.size() - 1)];
  }
  StoredMessage& front() const { return at(0); }
  // The index of the first message after `offset`.
  std::size_t after(std::uint64_t offset) const;

  void push(StoredMessage& stored);
  void pop();

  // The newest offset that this room has lost; whoever resumes from before it is told of a gap.
  std::uint64_t evicted = 0;

 private:
  struct Ring {
    std::vector<StoredMessage*> places;  // their number is a power of two
    std::size_t begin = 0, size = 0;
  };
  std::unique_ptr<Ring> ring_;  // null: it is empty
};

// What is to be freed once the lock is not held any more.
using Freed = boost::container::small_vector<std::unique_ptr<StoredMessage>, 8>;

class History {
 public:
  explicit History(base::ByteBudget& budget) : budget_(budget) {}
  ~History();
  History(const History&) = delete;
  History& operator=(const History&) = delete;

  // What a message with `references` weighs, in bytes.
  static std::size_t weight(const StoredMessage& stored);

  bool is_empty() const { return oldest_ == nullptr; }
  StoredMessage& oldest() const { return *oldest_; }
  // False if not even an empty history could hold the message.
  bool could_hold(const StoredMessage& stored) const { return weight(stored) <= budget_.bytes_max(); }
  // Takes the message's weight from the budget; false if it does not fit.
  [[nodiscard]] bool try_append(std::unique_ptr<StoredMessage>& stored);
  // Takes back one reference; the last one frees the message.
  void release(StoredMessage& stored, Freed& freed);

  std::uint64_t messages() const { return messages_; }
  std::uint64_t bytes() const { return bytes_; }

 private:
  base::ByteBudget& budget_;
  StoredMessage* oldest_ = nullptr;
  StoredMessage* newest_ = nullptr;
  std::uint64_t messages_ = 0, bytes_ = 0;
};

// Remembers what rooms have lost that have neither members nor history any more. A room shares its place with others of
// the same hash, so it may report a loss that was another's, never the reverse.
class Tombstones {
 public:
  std::uint64_t evicted(std::size_t hash) const { return offsets_ ? offsets_[hash % places] : 0; }
  void bury(std::size_t hash, std::uint64_t evicted);

 private:
  static constexpr std::size_t places = 65536;
  std::unique_ptr<std::uint64_t[]> offsets_;  // made at the first burial
};

}  // namespace sluice::workers
