#pragma once
// Connection: one client as its worker knows it: its socket, its rooms, its outbox, its wire. Lives in the worker's
// slab and is named by id; nobody keeps a pointer or reference to one across a return to the loop.

#include <algorithm>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "workers/ending.hpp"
#include "workers/outbox.hpp"
#include "workers/rooms.hpp"
#include "workers/wire.hpp"

namespace sluice::workers {

// What a resuming connection, or one that rides on it, has still to get, and what came meanwhile, in order. Owned only
// while it catches up.
struct CatchUp {
  struct Entry {
    std::shared_ptr<const Message> message;
    std::uint32_t slot, generation;  // whose it is: the carrier's own or a rider's
    bool is_live;                    // came meanwhile; else it was missed and is the history's
  };
  std::deque<Entry> entries;
  std::size_t live_bytes = 0;  // of those that came meanwhile
  std::size_t live_messages = 0;
};

class Connection {
 public:
  enum class Phase : std::uint8_t {
    free,       // the slot has no connection
    open,       // speaks its wire
    ending,     // will end at the loop's next safe point; nothing is read or delivered any more
    flushing,   // the last words are in the outbox
    lingering,  // they are sent; waits for the client to close, so that no reset overtakes them
  };

  std::uint32_t slot() const { return slot_; }
  std::uint32_t generation() const { return generation_; }
  base::NamespaceId name_space() const { return name_space_; }
  WireFormat format() const { return format_; }
  Protocol protocol() const { return wire_->protocol(); }
  bool is_open() const { return phase_ == Phase::open; }
  EndReason end_reason() const { return end_reason_; }  // once it is not open
  // A member of everyone: it was announced, and its wire gets messages.
  bool is_announced() const { return is_announced_; }
  bool are_reads_paused() const { return reads_paused_; }
  // It has no outbox of its own: what is for it goes through its carrier's, and it ends with that (Worker::open_rider).
  bool is_rider() const { return carrier_ != slot_; }
  // Nothing waits to be written.
  bool is_flushed() const { return outbox_.is_empty() && (!transport_ || !transport_->has_pending()); }
  Wire& wire() { return *wire_; }
  base::TimePoint last_seen() const { return last_seen_; }
  // When it was opened.
  base::TimePoint since() const { return since_; }
  // When a message went either way last, to the second; when it was opened, if none has.
  base::TimePoint active_at() const { return std::max(since_, base::TimePoint(std::chrono::seconds(active_at_))); }
  Memberships& memberships() { return memberships_; }
  const Memberships& memberships() const { return memberships_; }

 private:
  void note_activity(base::TimePoint now) {
    active_at_ = static_cast<std::uint32_t>(std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()).count());
  }

  friend class Worker;
  friend class Delivery;
  friend class Flusher;
  friend class Slab;

  std::unique_ptr<Wire> wire_;
  std::unique_ptr<Transport> transport_;  // null: wire and socket speak the same bytes
  Outbox outbox_;
  Memberships memberships_;
  std::unique_ptr<CatchUp> catch_up_;
  std::unique_ptr<std::string> unread_;  // bytes that were read but not taken, while reads are paused
  base::TimePoint last_seen_{}, since_{};
  std::uint64_t bytes_received_ = 0, bytes_sent_ = 0;
  std::uint32_t messages_received_ = 0, messages_sent_ = 0;
  std::uint32_t active_at_ = 0;  // when the last message went either way, in seconds of the clock
  int descriptor_ = -1;
  std::uint32_t slot_ = 0, generation_ = 0;
  std::uint32_t carrier_ = 0;  // slot of the connection whose outbox is meant; its own, as a rule
  std::uint32_t mark_ = 0;     // Delivery: the last fan-out that looked at it
  base::NamespaceId name_space_;
  WireFormat format_ = 0;
  ListenerKind kind_ = 0;  // of the listener that accepted its socket
  Phase phase_ = Phase::free;
  EndReason end_reason_ = EndReason::client_vanished;  // meant from phase ending on
  bool is_announced_ : 1 = false;
  bool is_dirty_ : 1 = false;    // on the flusher's list
  bool is_blocked_ : 1 = false;  // the kernel took less than all; an edge will say when it takes more
  bool is_watched_ : 1 = false;  // on the flusher's list of slow outboxes
  bool reads_paused_ : 1 = false;
  bool is_readable_ : 1 = false;         // an edge came, or may have come, that was not read to its end
  bool is_again_ : 1 = false;            // on the loop's again-list
  bool is_hung_up_ : 1 = false;          // the kernel said that the client's stream ends: read until it does
  bool owes_gap_ : 1 = false;            // messages were dropped since it was last told so
  bool gap_is_next_ : 1 = false;         // and they would have come next, so the gap is told before anything else
  bool closes_after_flush_ : 1 = false;  // nothing is awaited from the client behind the last words
  bool is_told_ : 1 = false;             // backends know of it, and are told of its end
  bool has_credentials_ : 1 = false;
  bool has_remote_address_ : 1 = false;  // that a proxy told
  bool is_leaving_ : 1 = false;          // its socket goes to another connection at the next safe point
};

// 18,000 of them and their wires are to fit into 450 bytes each.
static_assert(sizeof(Connection) <= 208, "a connection's share of the slab");

}  // namespace sluice::workers
