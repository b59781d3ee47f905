#pragma once
// Sequencer: the one order of a namespace, its history, and the counts that tell which workers have members of a room.
// Shared by all threads, behind one short lock. Under it: room is reserved in every interested mailbox, the position is
// given, the message is appended to the history and enqueued. Wake-ups, large allocations and frees happen outside.
//
// With a shared broker the sequencer is a mirror: places come from outside with deliver(), and it has a room's messages
// only from where it covers that room. Places are then the same on all nodes, so that what one node knows of who joined
// when means something on another.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/byte_budget.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"
#include "workers/backend.hpp"
#include "workers/mailbox.hpp"
#include "workers/message.hpp"
#include "workers/receipt.hpp"
#include "workers/wire.hpp"

namespace sluice::workers {

struct HistoryLimits {
  std::size_t messages_max = 256;     // of one room; 0: nothing is stored
  std::chrono::seconds age_max{120};  // of one message
};

// Why a resume could not give everything.
enum class Gap : std::uint8_t {
  none,
  evicted,      // a room has lost messages after the position
  other_epoch,  // the position is of another history
  future,       // the position was not given yet
};

// What a resuming connection missed, oldest first; each message once.
struct Replay {
  std::vector<std::shared_ptr<const Message>> messages;
  Gap gap = Gap::none;
};

// What a member that just joined starts from.
struct Joined {
  std::uint64_t place = 0;  // mail at or below it is not for this membership
  base::Position position;  // of the last stored message at that moment
  Replay replay;            // empty unless a position was given
};

struct RoomInfo {
  RoomKey key;
  std::uint64_t members = 0;
  std::uint64_t history_messages = 0;
};

struct RoomsByName {
  std::vector<RoomInfo> rooms;
  bool has_more = false;
};

struct RoomPage {
  std::vector<RoomInfo> rooms;
  std::optional<std::uint32_t> next;  // where the next page begins; nothing at the end
};

// What a mirror was given of a room's past: all that was still to be had up to where it covers the room.
struct Backlog {
  std::vector<std::shared_ptr<const Message>> messages;  // oldest first, with their positions
  std::uint64_t lost_through = 0;                        // the newest offset of which some may have been lost
};

class Sequencer {
 public:
  struct Identity {
    base::NamespaceId id = {};
    std::string name = "/";
    std::uint64_t epoch = 0;
    bool is_mirror = false;  // its places come from outside
  };
  // `mailboxes` are indexed by worker id and outlive the sequencer, as do `history_budget`, which all namespaces
  // share, and `backend`, which is told under the lock, for the order's sake, of rooms that get their first member or
  // lose their last, if it wants that.
  Sequencer(Identity identity, HistoryLimits limits, base::ByteBudget& history_budget, std::vector<Mailbox*> mailboxes,
            Backend& backend = NoBackend::instance());
  ~Sequencer();

  // Gives `message` its place and sends it to every interested worker. Errc::exhausted, and nothing done at all, if one
  // of their mailboxes is full. Never waits. `publisher` is the worker on whose thread this runs, which needs no
  // wake-up as it looks at its mailbox each turn; nothing on any other thread. Not of a mirror.
  base::Result<Receipt> publish(const std::shared_ptr<Message>& message, std::optional<base::WorkerId> publisher);

  // Counts `worker` as having one more member of each of `keys` (no key twice) and, in the same step, takes their
  // history after `since` if that is given. From the returned place on, the worker's mailbox gets every message to
  // them; up to it, the replay has every stored one: so a resume neither loses nor doubles a message. Called on the
  // worker's thread.
  Joined join(base::WorkerId worker, std::span<const RoomKey> keys, std::optional<base::Position> since = std::nullopt);
  // Takes the same history without joining. Any thread.
  Replay replay(std::span<const RoomKey> keys, base::Position since) const;
  // Undoes join for one member.
  void leave(base::WorkerId worker, std::span<const RoomKey> keys);

  // The room's retained messages from the oldest or, if `newest_first`, from the newest, at most `limit`, after
  // (`newest_first`: before) `since` if given.
  Replay history(const RoomKey& key, std::optional<base::Position> since, std::size_t limit, bool newest_first) const;

  // Members of `key` on all workers.
  std::uint64_t members(const RoomKey& key) const;
  // Rooms with members or history, in an order of their own: a room that exists all the while is listed exactly once
  // over the pages. Holds the lock for at most 1,024 rooms at a time. `prefix` filters by name.
  RoomPage list_rooms(std::uint32_t from, std::size_t limit, const std::string& prefix) const;
  // The first of them by name behind `after`, so that lists of several nodes can be merged; each call looks at all
  // rooms.
  RoomsByName list_rooms_by_name(const std::string& after, std::size_t limit, const std::string& prefix) const;

  // --- of a mirror; all but covers() are for the broker's thread ---

  // Takes a message that was given its place outside: `offset` is the position of a stored one, nothing if it was not
  // stored. Those of one room come in order. False, and nothing done, if a mailbox is full.
  [[nodiscard]] bool deliver(const std::shared_ptr<Message>& message, std::optional<std::uint64_t> offset);
  // Whatever has at most that offset was delivered.
  void advance(std::uint64_t offset);
  // Connections in the target, as a receipt counts them.
  std::uint64_t matched(const Target& target) const;
  // Whether each message of those rooms after `since`, or from now on, is here or will be delivered, as far as it was
  // not lost. If so, that stays true for ten seconds, and while they have members. Always, if this is no mirror.
  bool covers(std::span<const RoomKey> keys, std::optional<base::Position> since, base::TimePoint now);
  // From now on all messages of the room after `offset` are delivered.
  void cover(const RoomKey& key, std::uint64_t offset);
  // Nothing if it does not need its past to cover what is after `since`; else the offset up to which that is wanted.
  std::optional<std::uint64_t> wants_backlog(const RoomKey& key, base::Position since) const;
  void give_backlog(const RoomKey& key, Backlog backlog);
  // Lets go of what is older than the limit in it.
  void trim_backlog(const RoomKey& key);
  // Nothing is delivered of the room any more; false, and nothing done, if somebody needs it.
  [[nodiscard]] bool uncover(const RoomKey& key, base::TimePoint now);
  // Some of the room's messages up to `offset` cannot be had any more.
  void lose(const RoomKey& key, std::uint64_t offset);
  // Tells the room's members that they have missed some.
  void tell_gap(const RoomKey& key);
  // Of a stored message; one that came by a backlog needs it as any other.
  std::uint64_t place_of(std::uint64_t offset) const;
  // Of the last stored message that is not behind that place; the beginning, if that is of an earlier history.
  base::Position position_of(std::uint64_t place) const;
  // A place as all nodes have it, and likewise of this history; for a node alone that is the same. Any thread.
  std::uint64_t shared_place(std::uint64_t place) const;
  // Another history has begun: nothing is covered, and all members are told of the gap if there was one before.
  void begin(base::Position position);

  // Forgets what is older than the limit. Called once a second by the first worker.
  void trim(base::TimePoint now);

  base::Position position() const;  // of the last stored message
  base::NamespaceId id() const { return identity_.id; }
  const std::string& name() const { return identity_.name; }
  struct Size {
    std::uint64_t rooms = 0, messages = 0, bytes = 0;
  };
  Size size() const;

 private:
  struct State;
  const Identity identity_;
  std::unique_ptr<State> state_;
};

}  // namespace sluice::workers
