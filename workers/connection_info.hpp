#pragma once
// What a call learns of a connection: a copy, good on any thread.

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "base/labels.hpp"
#include "workers/protocol.hpp"

namespace sluice::workers {

struct ConnectionInfo {
  base::ConnectionId id;
  std::string session;  // empty: its wire has none
  base::NamespaceId name_space;
  Protocol protocol = Protocol::websocket;
  std::string user;  // empty: none
  base::Labels labels;
  std::vector<std::string> rooms;  // named ones, in no order
  std::string remote_address;      // "127.0.0.1:4711", "[::1]:4711"
  std::chrono::milliseconds connected_for{0};
  std::chrono::milliseconds silent_for{0};  // since the last byte from the client
  std::uint64_t outbox_bytes = 0, outbox_messages = 0;
  std::chrono::milliseconds outbox_age{0};  // of the oldest frame that waits
  std::uint64_t messages_received = 0, messages_sent = 0;
  std::uint64_t bytes_received = 0, bytes_sent = 0;  // on the wire
};

// What is told of a member of a room.
struct MemberInfo {
  base::ConnectionId id;
  std::string session;  // empty: its wire has none
  std::string user;     // empty: none
  base::Labels labels;
};

}  // namespace sluice::workers
