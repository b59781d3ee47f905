#pragma once
// Recovery: what is remembered of Socket.IO sockets whose connection broke, so that their clients can come back as the
// same sockets. Each worker remembers those that were opened on it: a socket's pid names that worker, wherever the
// client has come back to since. Belongs to one worker.

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "workers/message.hpp"
#include "workers/sequencer.hpp"

namespace sluice::gateway {

// A socket between two connections.
struct BrokenSocket {
  std::string sid;
  base::NamespaceId name_space;
  // Its rooms, with the place in the order from which on each was heard, as all nodes have it.
  struct Room {
    workers::RoomKey key;
    std::uint64_t joined_place;
  };
  std::vector<Room> rooms;
  base::Position start;  // the position at its first connect: nothing that it has seen is older
  // Of its record at the cluster's store, if it comes from another node; 0: it has none. Nothing: from this one.
  std::optional<std::uint64_t> revision = {};
};

// Leaves, of messages that were missed, those for rooms that were heard then, as these have it, and for everyone.
void forget_unheard(const workers::Sequencer& sequencer, const std::vector<BrokenSocket::Room>& rooms,
                    std::vector<std::shared_ptr<const workers::Message>>& missed);

class Recovery {
 public:
  // What is no more remembered, though nobody has taken it.
  using OnForgotten = std::function<void(const std::string& pid)>;

  // Remembers `sockets_max` at most, the newest, each for `kept`.
  Recovery(std::size_t sockets_max, base::Duration kept) : sockets_max_(sockets_max), kept_(kept) {}

  // The socket of this pid broke.
  void save(std::string pid, BrokenSocket socket, base::TimePoint now, const OnForgotten& on_forgotten = {});
  // Null if it is not one of those that broke.
  const BrokenSocket* find(const std::string& pid) const;
  // Gives it to the client that comes back, once.
  std::optional<BrokenSocket> take(const std::string& pid);
  // It lives again, at a connection that its pid does not name.
  void note_alive(const std::string& pid, const base::ConnectionId& id) {
    alive_[pid] = id;
    broken_.erase(pid);
    given_.erase(pid);
  }
  // It is another node's, which was not known when it was saved.
  void drop(const std::string& pid) { broken_.erase(pid); }
  std::optional<base::ConnectionId> find_alive(const std::string& pid) const;
  // That connection is gone. Another may have taken its place before this is known.
  void forget(const std::string& pid, const base::ConnectionId& id);
  // Another node has claimed it; that is remembered until its record has certainly been written.
  void note_given(const std::string& pid, std::uint32_t node, base::TimePoint now);
  // 0: none.
  std::uint32_t given_to(const std::string& pid) const;
  // Once a second.
  void expire(base::TimePoint now, const OnForgotten& on_forgotten = {});

  std::size_t size() const { return broken_.size(); }

 private:
  struct Saved {
    BrokenSocket socket;
    std::uint64_t number;  // tells it from another of the same pid
  };
  struct Due {
    base::TimePoint at;
    std::uint64_t number;
    std::string pid;
  };
  struct Given {
    std::uint32_t node;
    base::TimePoint until;
  };
  void drop_front(const OnForgotten& on_forgotten);

  std::size_t sockets_max_;
  base::Duration kept_;
  std::uint64_t last_number_ = 0;
  boost::unordered_flat_map<std::string, Saved> broken_;
  boost::unordered_flat_map<std::string, base::ConnectionId> alive_;
  boost::unordered_flat_map<std::string, Given> given_;
  std::deque<Due> due_;  // in the order in which they broke
};

}  // namespace sluice::gateway
