#pragma once
// Messages as they travel between nodes (proto/sluice/cluster/v1). Pure.

#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "workers/message.hpp"

namespace sluice::cluster {

// Without the namespace, whether it is stored, and what the sequencer writes: others tell of those.
std::string encode(const workers::Message& message);

// Errc::bad_request says why `bytes` are no message that this version understands. `name_space` is of this node.
base::Result<std::shared_ptr<workers::Message>> decode(std::string_view bytes, base::NamespaceId name_space);

}  // namespace sluice::cluster
