#pragma once
// What control asks of one worker, on that worker's thread (inside a job given to Pool::post). Each does its share: the
// connections that live on this worker.

#include <optional>
#include <span>
#include <vector>

#include "base/result.hpp"
#include "workers/backend.hpp"
#include "workers/connection_info.hpp"
#include "workers/credentials.hpp"
#include "workers/drain_plan.hpp"
#include "workers/ending.hpp"
#include "workers/message.hpp"
#include "workers/wire.hpp"

namespace sluice::workers {

class Worker;

// Puts every connection of `target` into each of `rooms`; returns how many connections matched. Errc::too_many is not
// an error here: a connection at its bound of rooms is counted in `refused`.
struct Changed {
  std::uint64_t matched = 0;  // connections in the target
  std::uint64_t changed = 0;  // of them, those that joined or left at least one room
  std::uint64_t refused = 0;  // of them, those at their bound of rooms
};
Changed join_rooms(Worker& worker, const Target& target, std::span<const RoomKey> rooms);
Changed leave_rooms(Worker& worker, const Target& target, std::span<const RoomKey> rooms);

// Asks every connection of `message`'s target that can be asked; returns who was.
std::vector<base::ConnectionId> ask(Worker& worker, const Message& message,
                                    const std::shared_ptr<const OnAcknowledged>& on_acknowledged);

// Ends every connection of such credentials; returns how many.
std::uint64_t revoke(Worker& worker, const Revoked& revoked);

// Ends every connection of `target`; returns how many.
std::uint64_t disconnect(Worker& worker, const Target& target, const Ending& ending);

// Whether clients may connect again, asked of one worker; then all let them, before Pool::undrain().
base::Status may_listen(Worker& worker);
base::Status listen_again(Worker& worker);

// Begins to end so many of a hundred connections; returns how many.
std::uint64_t shed(Worker& worker, const DrainWish& wish, double percent);

// The connection, if it lives here under exactly this id.
std::optional<ConnectionInfo> find_connection(Worker& worker, base::ConnectionId id);

struct ConnectionFilter {
  std::optional<base::NamespaceId> name_space;
  std::optional<RoomKey> room;  // needs name_space
  std::string user;             // empty: any
  std::optional<Protocol> protocol;
};
struct ConnectionPage {
  std::vector<ConnectionInfo> connections;
  std::optional<std::uint32_t> next;  // the slot where the next page begins
};
// Up to `limit` connections from slot `from` on, in the order of slots: one that exists all the while is listed exactly
// once over the pages. A page may have fewer, or none, though more follow: what is looked at for one is bounded.
ConnectionPage list_connections(Worker& worker, const ConnectionFilter& filter, std::uint32_t from, std::size_t limit);

struct MemberPage {
  std::vector<MemberInfo> members;
  std::optional<std::uint32_t> next;  // the slot where the next page begins
};
// Likewise, up to `limit` members of a room.
MemberPage list_members(Worker& worker, base::NamespaceId name_space, const RoomKey& room, std::uint32_t from,
                        std::size_t limit);

// Connections that backends were told of, as it was told, but for the details; paged likewise.
struct ToldPage {
  std::vector<ClientEvent> connections;
  std::optional<std::uint32_t> next;
};
ToldPage told_connections(Worker& worker, std::uint32_t from, std::size_t limit);

}  // namespace sluice::workers
