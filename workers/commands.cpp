#include "workers/commands.hpp"

#include <algorithm>

#include "workers/worker.hpp"

namespace sluice::workers {
namespace {

template <class Change>
Changed change_rooms(Worker& worker, const Target& target, Change&& change) {
  Changed changed;
  worker.delivery().for_each(target, any_place, [&](Connection& connection) {
    const Worker::RoomsChange one = change(connection);
    ++changed.matched;
    changed.changed += one.changed ? 1 : 0;
    changed.refused += one.refused ? 1 : 0;
  });
  return changed;
}

// Slots looked at for one page: a filter that lets nobody through must not hold up the worker.
constexpr std::uint32_t page_slots_max = 8192;

bool passes(const Worker& worker, const Connection& connection, const ConnectionFilter& filter) {
  const base::NamespaceId name_space = connection.name_space();
  if (filter.name_space && name_space != *filter.name_space) return false;
  if (filter.protocol && connection.protocol() != *filter.protocol) return false;
  const auto is_in = [&](const RoomKey& key) {
    return worker.rooms().is_member(name_space, key, connection.memberships());
  };
  if (!filter.user.empty() && !is_in(RoomKey::user(filter.user))) return false;
  return !filter.room || is_in(*filter.room);
}

}  // namespace

Changed join_rooms(Worker& worker, const Target& target, std::span<const RoomKey> rooms) {
  return change_rooms(worker, target, [&](Connection& connection) { return worker.join(connection, rooms); });
}

Changed leave_rooms(Worker& worker, const Target& target, std::span<const RoomKey> rooms) {
  return change_rooms(worker, target, [&](Connection& connection) { return worker.leave(connection, rooms); });
}

std::vector<base::ConnectionId> ask(Worker& worker, const Message& message,
                                    const std::shared_ptr<const OnAcknowledged>& on_acknowledged) {
  std::vector<base::ConnectionId> asked;
  worker.delivery().for_each(message.target, any_place, [&](Connection& connection) {
    worker.run_for(connection, [&] {
      if (connection.wire().ask(worker, connection, message, on_acknowledged))
        asked.push_back(worker.id_of(connection));
    });
  });
  return asked;
}

std::uint64_t revoke(Worker& worker, const Revoked& revoked) { return worker.revoke(revoked); }

std::uint64_t disconnect(Worker& worker, const Target& target, const Ending& ending) {
  std::uint64_t matched = 0;
  worker.delivery().for_each(target, any_place, [&](Connection& connection) {
    worker.end(connection, ending);
    ++matched;
  });
  return matched;
}

std::optional<ConnectionInfo> find_connection(Worker& worker, base::ConnectionId id) {
  const Connection* const connection = worker.find(id);
  return connection == nullptr ? std::nullopt : std::optional{worker.info_of(*connection)};
}

ConnectionPage list_connections(Worker& worker, const ConnectionFilter& filter, std::uint32_t from, std::size_t limit) {
  ConnectionPage page;
  const std::uint32_t end = std::min(worker.slab().slots(), from + page_slots_max);
  for (; from < end && page.connections.size() < limit; ++from) {
    const Connection& connection = worker.slab().at(from);
    if (connection.is_open() && connection.is_announced() && passes(worker, connection, filter)) {
      page.connections.push_back(worker.info_of(connection));
    }
  }
  if (from < worker.slab().slots()) page.next = from;
  return page;
}

MemberPage list_members(Worker& worker, base::NamespaceId name_space, const RoomKey& room, std::uint32_t from,
                        std::size_t limit) {
  MemberPage page;
  const Room* const found = worker.rooms().find(name_space, room.kind, room.name);
  if (found == nullptr) return page;
  // Members are in no order, and slots are: so a member that stays is on one page, whoever else comes and goes.
  std::vector<std::uint32_t> slots;
  for (const Member& member : found->members()) {
    if (member.slot >= from) slots.push_back(member.slot);
  }
  const std::size_t end = std::min(slots.size(), limit + 1);
  std::partial_sort(slots.begin(), slots.begin() + static_cast<std::ptrdiff_t>(end), slots.end());
  for (std::size_t at = 0; at < std::min(end, limit); ++at) {
    const Connection& connection = worker.slab().at(slots[at]);
    if (connection.is_open() && connection.is_announced()) page.members.push_back(worker.member_of(connection));
  }
  if (end > limit) page.next = slots[limit];
  return page;
}

ToldPage told_connections(Worker& worker, std::uint32_t from, std::size_t limit) {
  ToldPage page;
  const std::uint32_t end = std::min(worker.slab().slots(), from + page_slots_max);
  for (; from < end && page.connections.size() < limit; ++from) {
    if (auto told = worker.told_again(worker.slab().at(from))) page.connections.push_back(*std::move(told));
  }
  if (from < worker.slab().slots()) page.next = from;
  return page;
}

}  // namespace sluice::workers
