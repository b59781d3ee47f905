#pragma once
// ConnectionNotes: what other nodes are to know of this node's connections, so that they can announce their ends if it
// is lost: which ones backends were told of, whose they are, and which have ended and backends have dealt with that.
// Pure; the hub's lock guards it.

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/ids.hpp"
#include "control/connection_hash.hpp"
#include "control/replica_place.hpp"
#include "workers/backend.hpp"

namespace sluice::control {

// The replica of a group that is told of a connection.
struct ConnectionOwner {
  std::string group;
  ReplicaPlace place;
  bool operator==(const ConnectionOwner&) const = default;
};

struct ConnectionNote {
  base::ConnectionId connection;
  std::shared_ptr<const workers::ClientEvent> told;  // of its beginning or its end; null: only the owners are new
  std::vector<ConnectionOwner> owners;
  bool is_over = false;  // nobody needs to know of it any more
};

class ConnectionNotes {
 public:
  explicit ConnectionNotes(std::size_t notes_max) : notes_max_(notes_max) {}

  // Whether anything is noted: somebody keeps it.
  bool is_on() const { return is_on_; }
  void set_on(bool is_on);

  void tell(const std::shared_ptr<const workers::ClientEvent>& event);
  void own(const base::ConnectionId& connection, std::string_view group, const ReplicaPlace& place);
  // A group is told of its end; one has dealt with it, or nobody is told any more. It is over with the last one.
  void hold_end(const base::ConnectionId& connection);
  void release_end(const base::ConnectionId& connection);

  // Notes are numbered from 1; that of the last one.
  std::uint64_t last() const { return last_; }
  struct Taken {
    std::vector<ConnectionNote> notes;
    std::uint64_t last = 0;  // the number of the last one of them, or of the last one that was dropped
    bool is_broken = false;  // there were more than may be, and all were dropped: what is kept has to be told anew
  };
  Taken take(std::size_t notes_max);
  bool is_empty() const { return notes_.empty() && !is_broken_; }

 private:
  ConnectionNote& add(const base::ConnectionId& connection);

  const std::size_t notes_max_;
  bool is_on_ = false, is_broken_ = false;
  std::deque<ConnectionNote> notes_;
  std::uint64_t last_ = 0;
  std::unordered_map<base::ConnectionId, unsigned, ConnectionHash> ends_;  // by how many groups each is held
};

}  // namespace sluice::control
