#include "gateway/session_state.hpp"

#include <algorithm>

namespace sluice::gateway {
namespace {

std::vector<const MemberState*> members_of(const SessionState& state) {
  std::vector<const MemberState*> members;
  if (const auto* const socket_io = std::get_if<SocketIoState>(&state.application)) {
    for (const MemberState& socket : socket_io->sockets) members.push_back(&socket);
  } else {
    members.push_back(&std::get<MessagesState>(state.application).member);
  }
  return members;
}

}  // namespace

std::vector<NamespaceRooms> rooms_of(const SessionState& state) {
  std::vector<NamespaceRooms> all;
  for (const MemberState* const member : members_of(state)) {
    NamespaceRooms& rooms = all.emplace_back(NamespaceRooms{member->socket.name_space, {}});
    for (const BrokenSocket::Room& room : member->socket.rooms) rooms.keys.push_back(room.key);
  }
  return all;
}

std::optional<base::Position> given_through(const SessionState& state, base::NamespaceId name_space) {
  for (const MemberState* const member : members_of(state)) {
    if (member->socket.name_space == name_space) return member->given_through;
  }
  return std::nullopt;
}

std::string user_of(const MemberState& member) {
  const auto user = std::ranges::find(member.socket.rooms, workers::RoomKey::Kind::user,
                                      [](const BrokenSocket::Room& room) { return room.key.kind; });
  return user == member.socket.rooms.end() ? std::string() : user->key.name;
}

}  // namespace sluice::gateway
