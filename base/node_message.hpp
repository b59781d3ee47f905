#pragma once
// What all messages between nodes have in common, whoever's they are: the format that they need, and ids of
// connections. Templates over the generated messages, so that base/ needs no Protobuf.

#include <cstdint>
#include <optional>
#include <string>

#include "base/ids.hpp"
#include "base/result.hpp"

namespace sluice::base {

// Errc::bad_request says why a message that needs the format `needs` is none that a reader of up to `known`
// understands; `what` it is comes first in that sentence.
inline Status check_format(std::uint32_t needs, std::uint32_t known, const std::string& what = "the message") {
  if (needs != 0 && needs <= known) return ok();
  return fail(Errc::bad_request, what + " needs format " + std::to_string(needs) +
                                     " to be understood, this node knows " + std::to_string(known));
}

// Between an id and its four parts as fields (sluice.cluster.v1.ConnectionId).
template <class Fields>
void put_id(const ConnectionId& id, Fields& out) {
  out.set_incarnation(id.incarnation);
  out.set_worker(id.worker().value);
  out.set_slot(id.slot);
  out.set_generation(id.generation);
}
// Nothing if it is none.
template <class Fields>
std::optional<ConnectionId> take_id(const Fields& in) {
  if (in.worker() > 0xFFFF) return std::nullopt;
  return ConnectionId{in.incarnation(), WorkerId{static_cast<std::uint16_t>(in.worker())}, in.slot(), in.generation()};
}

}  // namespace sluice::base
