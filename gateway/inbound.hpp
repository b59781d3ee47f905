#pragma once
// Inbound: what becomes of a message that a client sends, whatever wire it came by (--client-messages).

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "gateway/options.hpp"
#include "workers/message.hpp"
#include "workers/worker.hpp"

namespace sluice::gateway {

// A message that could not be taken yet, because a mailbox is full or backends are behind. Its wire keeps it and pauses
// reads.
using Held = std::shared_ptr<workers::Message>;

// The rooms that hear what the client says to nobody in particular: all its own, as far as its credentials let it
// speak.
std::vector<workers::RoomKey> relay_rooms(workers::Worker& worker, const workers::Connection& connection);
// Whether credentials, which may be null, let a client speak to a room; and a connection's own.
bool may_speak_to(const workers::Credentials* credentials, std::string_view room);
bool may_speak_to(const workers::Worker& worker, const workers::Connection& connection, std::string_view room);

// Does with the message as the policy says; gives it back if it has to be tried again.
Held take_message(ClientMessages policy, workers::Worker& worker, workers::Connection& connection,
                  workers::DataKind kind, std::string_view payload);
// Tries once more; gives the message back if there still is no room.
Held try_again(workers::Worker& worker, workers::Connection& connection, Held held);
// Counts a message that the broker did not take.
void note_loss(workers::Worker& worker, const base::Error& why);
// Hands a message to the backends, and ends the connection if it is to know that none is there; gives it back if it has
// to be tried again.
Held offer(workers::Worker& worker, workers::Connection& connection, Held message,
           std::optional<std::uint64_t> ack_id = std::nullopt);

}  // namespace sluice::gateway
