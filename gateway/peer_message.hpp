#pragma once
// What all messages between nodes have in common: a format, and names of connections. For their codecs alone.

#include <string>
#include <string_view>
#include <vector>

#include "base/ids.hpp"
#include "base/node_message.hpp"
#include "base/result.hpp"
#include "sluice/cluster/v1/message.pb.h"
#include "workers/message.hpp"

namespace sluice::gateway::peer_message {

// That of today. A message that needs a newer one is refused.
inline constexpr std::uint32_t format = 1;

// Errc::bad_request says why `bytes` are none that this version understands.
template <class Message>
base::Status read(std::string_view bytes, Message& out) {
  if (bytes.size() > 0x7FFFFFFF || !out.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return base::fail(base::Errc::bad_request, "these bytes are no message of a node");
  }
  return base::check_format(out.needs(), format);
}

void put(const workers::RoomKey& key, cluster::v1::RoomKey& out);
base::Result<base::WorkerId> worker_of(std::uint32_t value);
base::Result<base::ConnectionId> id_of(const cluster::v1::ConnectionId& in);
base::Result<workers::RoomKey> key_of(const cluster::v1::RoomKey& in);
base::Result<std::vector<workers::RoomKey>> keys_of(const google::protobuf::RepeatedPtrField<cluster::v1::RoomKey>& in);

}  // namespace sluice::gateway::peer_message
