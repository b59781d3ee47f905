#include "gateway/member_state.hpp"

#include <utility>

#include "gateway/entrance.hpp"

namespace sluice::gateway {

using workers::Connection;
using workers::RoomKey;
using workers::Worker;

std::vector<RoomKey> member_rooms(const Worker& worker, const Connection& member) {
  std::vector<RoomKey> keys;
  worker.for_each_room(member, [&keys](const RoomKey& key, std::uint64_t) {
    if (key.kind != RoomKey::Kind::everyone) keys.push_back(key);
  });
  return keys;
}

MemberState leaving(Worker& worker, const Connection& member) {
  MemberState state;
  state.socket.name_space = member.name_space();
  const workers::Sequencer& sequencer = worker.sequencer(member.name_space());
  worker.for_each_room(member, [&](const RoomKey& key, std::uint64_t joined_place) {
    if (key.kind == RoomKey::Kind::everyone) return;
    state.socket.rooms.push_back({key, sequencer.shared_place(joined_place)});
  });
  state.connection = worker.id_of(member);
  state.given_through = worker.given_through(member);
  if (const workers::Credentials* const credentials = worker.credentials_of(member)) {
    auto copy = *credentials;
    copy.places.clear();
    state.credentials = std::make_shared<const workers::Credentials>(std::move(copy));
  }
  return state;
}

base::Result<workers::Announced> arrive(WorkerContext& context, Worker& worker, Connection& fresh,
                                        const MemberState& member, workers::WireFormat format,
                                        ClientCounts::Place place) {
  Admission admission{user_of(member), {}, member.credentials};
  if (const auto status = context.authenticator.still_holds(admission); !status) return status.error();
  if (const auto status = count_user(context, admission); !status) return status.error();
  hold(admission, std::move(place));
  workers::Announcement announcement{
      member.socket.name_space, format, {}, member.given_through, std::move(admission.credentials)};
  for (const BrokenSocket::Room& room : member.socket.rooms) announcement.rooms.push_back(room.key);
  workers::Announced announced = worker.announce(fresh, std::move(announcement));
  forget_unheard(worker.sequencer(member.socket.name_space), member.socket.rooms, announced.missed);
  return announced;
}

}  // namespace sluice::gateway
