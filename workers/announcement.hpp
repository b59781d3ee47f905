#pragma once
// How a connection becomes a member, and what it is to know of that.

#include <memory>
#include <optional>
#include <vector>

#include "base/ids.hpp"
#include "workers/credentials.hpp"
#include "workers/message.hpp"
#include "workers/sequencer.hpp"
#include "workers/wire.hpp"

namespace sluice::workers {

// How a connection becomes a member of everyone and of its first rooms.
struct Announcement {
  base::NamespaceId name_space;
  WireFormat format = 0;
  std::vector<RoomKey> rooms;  // named ones and its user's; no key twice, at most Options::rooms_per_connection_max
  std::optional<base::Position> since;  // resumes from there
  std::shared_ptr<const Credentials> credentials = nullptr;
};

// What the wire tells its client before anything else.
struct Announced {
  base::Position position;  // the client's position: `since` if that could be resumed from, else the newest
  Gap gap = Gap::none;
  std::vector<std::shared_ptr<const Message>> missed;  // to be handed to Worker::replay
};

}  // namespace sluice::workers
