#include "control/kept_connections.hpp"

#include <algorithm>
#include <utility>

namespace sluice::control {

std::size_t KeptConnections::bytes_of(const KeptConnection& kept) {
  std::size_t bytes = 2 * sizeof(base::ConnectionId) + sizeof(KeptConnection) + kept.session.size();
  for (const ConnectionOwner& owner : kept.owners) bytes += sizeof(ConnectionOwner) + owner.group.size();
  return bytes;
}

void KeptConnections::put(Node of, const base::ConnectionId& connection, KeptConnection kept) {
  Kept& node = all_[of];
  const std::size_t bytes = bytes_of(kept);
  const auto found = node.connections.find(connection);
  if (found != node.connections.end()) {
    node.bytes += bytes - bytes_of(found->second);
    found->second = std::move(kept);
  } else if (node.bytes + bytes > bytes_max_) {
    ++node.unkept;
  } else {
    node.bytes += bytes;
    ++size_;
    node.connections.emplace(connection, std::move(kept));
  }
}

void KeptConnections::own(Node of, const base::ConnectionId& connection, const ConnectionOwner& owner) {
  Kept& node = all_[of];
  const auto found = node.connections.find(connection);
  if (found == node.connections.end()) return;
  auto& owners = found->second.owners;
  const auto same = std::ranges::find(owners, owner.group, &ConnectionOwner::group);
  if (same != owners.end()) {
    same->place = owner.place;
    return;
  }
  owners.push_back(owner);
  node.bytes += sizeof(ConnectionOwner) + owner.group.size();
}

void KeptConnections::erase(Node of, const base::ConnectionId& connection) {
  const auto node = all_.find(of);
  if (node == all_.end()) return;
  const auto found = node->second.connections.find(connection);
  if (found == node->second.connections.end()) {
    // It may be one of those.
    if (node->second.unkept > 0) --node->second.unkept;
    return;
  }
  node->second.bytes -= bytes_of(found->second);
  --size_;
  node->second.connections.erase(found);
}

KeptConnections::Kept KeptConnections::take(Node of) {
  auto taken = all_.extract(of);
  if (taken.empty()) return {};
  size_ -= taken.mapped().connections.size();
  return std::move(taken.mapped());
}

}  // namespace sluice::control
