#pragma once
// The heart's words as calls show them; the way back is Translator's.

#include <chrono>
#include <string>

#include "base/clock.hpp"
#include "sluice/v1/gateway.pb.h"
#include "sluice/v1/nodes.pb.h"
#include "workers/connection_info.hpp"
#include "workers/message.hpp"
#include "workers/peers.hpp"
#include "workers/sequencer.hpp"
#include "workers/wire.hpp"

namespace sluice::control {

void show(const workers::Receipt& receipt, v1::Receipt& out);
v1::Protocol show(workers::Protocol protocol);
void show(const workers::Message& message, v1::StoredMessage& out);
void show(const workers::Message& message, v1::Payload& payload);
void show(const workers::RoomInfo& room, v1::Room& out);
v1::Gap show(workers::Gap gap);
void show(std::chrono::milliseconds duration, google::protobuf::Duration& out);
void show(std::chrono::system_clock::time_point time, google::protobuf::Timestamp& out);
void show(workers::Acknowledgement acknowledgement, v1::Acknowledgement& out);
void show(const workers::Peer& peer, base::TimePoint now, v1::Node& out);
// `name_space` and `node` are names; `now` turns durations into times.
struct ConnectionPlace {
  const std::string& name_space;
  const std::string& node;
  std::chrono::system_clock::time_point now;
};
void show(const workers::ConnectionInfo& connection, const ConnectionPlace& place, v1::Connection& out);

// A count as the protos have it, which is large enough for any number of connections.
inline std::uint32_t count_of(std::uint64_t count) {
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(count, 0xFFFFFFFF));
}

}  // namespace sluice::control
