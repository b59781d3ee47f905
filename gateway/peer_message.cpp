#include "gateway/peer_message.hpp"

namespace sluice::gateway::peer_message {

using base::Errc;
using base::fail;
using workers::RoomKey;
namespace v1 = cluster::v1;

// The enumerators of both sides count alike.
static_assert(static_cast<int>(RoomKey::Kind::everyone) == v1::RoomKey::EVERYONE);

void put(const RoomKey& key, v1::RoomKey& out) {
  out.set_kind(static_cast<v1::RoomKey::Kind>(key.kind));
  out.set_name(key.name);
}

namespace {

base::Error no_worker() { return fail(Errc::bad_request, "the message of a node names a worker that cannot be"); }

}  // namespace

base::Result<base::WorkerId> worker_of(std::uint32_t value) {
  if (value > 0xFFFF) return no_worker();
  return base::WorkerId{static_cast<std::uint16_t>(value)};
}

base::Result<base::ConnectionId> id_of(const v1::ConnectionId& in) {
  const auto id = base::take_id(in);
  if (!id) return no_worker();
  return *id;
}

base::Result<RoomKey> key_of(const v1::RoomKey& in) {
  if (!v1::RoomKey::Kind_IsValid(in.kind())) {
    return fail(Errc::bad_request, "the message of a node has a kind of room that is none");
  }
  return RoomKey{static_cast<RoomKey::Kind>(in.kind()), in.name()};
}

base::Result<std::vector<RoomKey>> keys_of(const google::protobuf::RepeatedPtrField<v1::RoomKey>& in) {
  std::vector<RoomKey> keys;
  for (const v1::RoomKey& one : in) {
    auto key = key_of(one);
    if (!key) return key.error();
    keys.push_back(*std::move(key));
  }
  return keys;
}

}  // namespace sluice::gateway::peer_message
