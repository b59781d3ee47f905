#include "gateway/peer_message.hpp"

namespace sluice::gateway::peer_message {

using base::Errc;
using base::fail;
using workers::RoomKey;
namespace v1 = cluster::v1;

// The enumerators of both sides count alike.
static_assert(static_cast<int>(RoomKey::Kind::everyone) == v1::RoomKey::EVERYONE);

void put(const base::ConnectionId& id, v1::ConnectionId& out) {
  out.set_incarnation(id.incarnation);
  out.set_worker(id.worker().value);
  out.set_slot(id.slot);
  out.set_generation(id.generation);
}

void put(const RoomKey& key, v1::RoomKey& out) {
  out.set_kind(static_cast<v1::RoomKey::Kind>(key.kind));
  out.set_name(key.name);
}

base::Result<base::WorkerId> worker_of(std::uint32_t value) {
  if (value > 0xFFFF) return fail(Errc::bad_request, "the message of a node names a worker that cannot be");
  return base::WorkerId{static_cast<std::uint16_t>(value)};
}

base::Result<base::ConnectionId> id_of(const v1::ConnectionId& in) {
  const auto worker = worker_of(in.worker());
  if (!worker) return worker.error();
  return base::ConnectionId{in.incarnation(), *worker, in.slot(), in.generation()};
}

base::Result<RoomKey> key_of(const v1::RoomKey& in) {
  if (!v1::RoomKey::Kind_IsValid(in.kind())) {
    return fail(Errc::bad_request, "the message of a node has a kind of room that is none");
  }
  return RoomKey{static_cast<RoomKey::Kind>(in.kind()), in.name()};
}

}  // namespace sluice::gateway::peer_message
