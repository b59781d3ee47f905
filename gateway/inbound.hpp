#pragma once
// Inbound: what becomes of a message that a client sends, whatever wire it came by (--client-messages).

#include <memory>
#include <string_view>

#include "gateway/options.hpp"
#include "workers/message.hpp"
#include "workers/worker.hpp"

namespace sluice::gateway {

// A message that could not be taken yet, because a mailbox is full. Its wire keeps it and pauses reads.
using Held = std::shared_ptr<workers::Message>;

// Does with the message as the policy says; gives it back if it has to be tried again.
Held take_message(ClientMessages policy, workers::Worker& worker, workers::Connection& connection,
                  workers::DataKind kind, std::string_view payload);
// Tries once more; gives the message back if there still is no room.
Held try_again(workers::Worker& worker, Held held);

}  // namespace sluice::gateway
