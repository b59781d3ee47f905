#pragma once
// KeptConnections: what this node keeps of other nodes' connections, so that it can announce their ends if one of those
// nodes is lost. Pure.

#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.hpp"
#include "control/connection_hash.hpp"
#include "control/connection_notes.hpp"

namespace sluice::control {

struct KeptConnection {
  std::string name_space, session;
  workers::Protocol protocol = workers::Protocol::websocket;
  base::TimePoint since{};  // when it had connected
  std::vector<ConnectionOwner> owners = {};
};

class KeptConnections {
 public:
  using Node = std::uint32_t;  // by its incarnation
  // Of one node.
  struct Kept {
    std::vector<Node> keepers = {};  // in the order in which they announce
    std::unordered_map<base::ConnectionId, KeptConnection, ConnectionHash> connections = {};
    std::size_t bytes = 0;
    std::uint64_t unkept = 0;  // that there were more
  };
  explicit KeptConnections(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  void set_keepers(Node of, std::vector<Node> keepers) { all_[of].keepers = std::move(keepers); }
  // It was told of, perhaps again.
  void put(Node of, const base::ConnectionId& connection, KeptConnection kept);
  // If it is known.
  void own(Node of, const base::ConnectionId& connection, const ConnectionOwner& owner);
  void erase(Node of, const base::ConnectionId& connection);

  const std::map<Node, Kept>& all() const { return all_; }
  // Nothing is kept of that node any more.
  Kept take(Node of);
  std::size_t size() const { return size_; }

 private:
  static std::size_t bytes_of(const KeptConnection& kept);

  const std::size_t bytes_max_;  // of one node
  std::map<Node, Kept> all_;
  std::size_t size_ = 0;
};

}  // namespace sluice::control
