#pragma once
// Slab: a worker's connections, by slot. Pages are made as they are needed and kept; a freed slot is reused oldest
// first, with the next generation, and retired when its generation wraps. Belongs to one worker.

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "workers/connection.hpp"

namespace sluice::workers {

class Slab {
 public:
  static constexpr std::uint32_t page_slots = 64;

  // Gives a free slot, in phase open. Never moves the others.
  Connection& take() {
    if (free_.empty()) grow();
    Connection& connection = at(free_.front());
    free_.pop_front();
    connection.phase_ = Connection::Phase::open;
    ++size_;
    return connection;
  }

  // Makes the slot free, its members as new. The connection owns nothing any more.
  void give_back(Connection& connection) {
    const std::uint32_t slot = connection.slot_, generation = connection.generation_ + 1;
    connection.~Connection();
    Connection* fresh = new (&connection) Connection;
    fresh->slot_ = fresh->carrier_ = slot;
    fresh->generation_ = generation;
    --size_;
    if (generation != 0) free_.push_back(slot);
  }

  // Whose outbox takes what is for `connection`: its own, or that of the one it rides on.
  Connection& carrier_of(Connection& connection) { return at(connection.carrier_); }

  const Connection& at(std::uint32_t slot) const { return (*pages_[slot / page_slots])[slot % page_slots]; }
  Connection& at(std::uint32_t slot) { return (*pages_[slot / page_slots])[slot % page_slots]; }
  // The connection of this slot and generation, or null if it is gone.
  Connection* find(std::uint32_t slot, std::uint32_t generation) {
    if (slot >= slots()) return nullptr;
    Connection& connection = at(slot);
    return connection.phase_ != Connection::Phase::free && connection.generation_ == generation ? &connection : nullptr;
  }
  // Slots that exist, free ones included.
  std::uint32_t slots() const { return static_cast<std::uint32_t>(pages_.size()) * page_slots; }
  std::uint32_t size() const { return size_; }

 private:
  void grow() {
    const std::uint32_t first = slots();
    pages_.push_back(std::make_unique<std::array<Connection, page_slots>>());
    for (std::uint32_t at_page = 0; at_page < page_slots; ++at_page) {
      (*pages_.back())[at_page].slot_ = (*pages_.back())[at_page].carrier_ = first + at_page;
      (*pages_.back())[at_page].generation_ = 1;
      free_.push_back(first + at_page);
    }
  }

  std::vector<std::unique_ptr<std::array<Connection, page_slots>>> pages_;
  std::deque<std::uint32_t> free_;
  std::uint32_t size_ = 0;
};

}  // namespace sluice::workers
