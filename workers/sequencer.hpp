#pragma once
// Sequencer: the one order of a namespace, its history, and the counts that tell which workers have members of a room.
// Shared by all threads, behind one short lock. Under it: room is reserved in every interested mailbox, the position is
// given, the message is appended to the history and enqueued. Wake-ups, large allocations and frees happen outside.

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

namespace sluice::workers {

struct HistoryLimits {
  std::size_t messages_max = 256;     // of one room; 0: nothing is stored
  std::chrono::seconds age_max{120};  // of one message
};

// What a publisher learns.
struct Receipt {
  base::Position position;
  std::uint64_t matched = 0;  // connections that were in the target when the message got its place
  bool is_exact = true;       // false: `matched` is an upper bound (unions, exceptions, single connections)
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

struct RoomPage {
  std::vector<RoomInfo> rooms;
  std::optional<std::uint32_t> next;  // where the next page begins; nothing at the end
};

class Sequencer {
 public:
  // `mailboxes` are indexed by worker id and outlive the sequencer, as do `history_budget`, which all namespaces
  // share, and `backend`, which is told under the lock, for the order's sake, of rooms that get their first member or
  // lose their last, if it wants that.
  Sequencer(base::NamespaceId id, std::uint64_t epoch, HistoryLimits limits, base::ByteBudget& history_budget,
            std::vector<Mailbox*> mailboxes, Backend& backend = NoBackend::instance());
  ~Sequencer();

  // Gives `message` its place and sends it to every interested worker. Errc::exhausted, and nothing done at all, if one
  // of their mailboxes is full. Never waits. `publisher` is the worker on whose thread this runs, which needs no
  // wake-up as it looks at its mailbox each turn; nothing on any other thread.
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

  // Forgets what is older than the limit. Called once a second by the first worker.
  void trim(base::TimePoint now);

  base::Position position() const;  // of the last stored message
  base::NamespaceId id() const { return id_; }
  struct Size {
    std::uint64_t rooms = 0, messages = 0, bytes = 0;
  };
  Size size() const;

 private:
  struct State;
  const base::NamespaceId id_;
  std::unique_ptr<State> state_;
};

}  // namespace sluice::workers
