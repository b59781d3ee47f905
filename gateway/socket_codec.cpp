#include "gateway/socket_codec.hpp"

#include <utility>

#include "gateway/peer_message.hpp"
#include "sluice/cluster/v1/sockets.pb.h"

namespace sluice::gateway::socket_codec {

using base::Errc;
using base::fail;
namespace v1 = cluster::v1;

void put(const BrokenSocket& socket, const workers::Namespaces& namespaces, v1::Socket& out) {
  out.set_sid(socket.sid);
  out.set_name_space(namespaces.name_of(socket.name_space));
  for (const BrokenSocket::Room& room : socket.rooms) {
    v1::Socket::Room& one = *out.add_rooms();
    peer_message::put(room.key, *one.mutable_key());
    one.set_joined_place(room.joined_place);
  }
  out.set_epoch(socket.start.epoch);
  out.set_offset(socket.start.offset);
}

base::Result<BrokenSocket> take(const v1::Socket& in, workers::Namespaces& namespaces) {
  const auto name_space = namespaces.resolve(in.name_space());
  if (!name_space) return name_space.error();
  BrokenSocket socket{in.sid(), *name_space, {}, {in.epoch(), in.offset()}};
  for (const v1::Socket::Room& room : in.rooms()) {
    auto key = peer_message::key_of(room.key());
    if (!key) return key.error();
    if (key->kind == workers::RoomKey::Kind::everyone) {
      return fail(Errc::bad_request, "the socket of a node is in a room that is nobody's to join");
    }
    socket.rooms.push_back({*std::move(key), room.joined_place()});
  }
  return socket;
}

std::string encode_claim(const std::string& pid) {
  v1::SocketClaim out;
  out.set_needs(peer_message::format);
  out.set_pid(pid);
  return out.SerializeAsString();
}

base::Result<std::string> decode_claim(std::string_view bytes) {
  v1::SocketClaim in;
  if (const auto status = peer_message::read(bytes, in); !status) return status.error();
  return std::move(*in.mutable_pid());
}

std::string encode(const Claimed& claimed, const workers::Namespaces& namespaces) {
  v1::SocketClaimed out;
  out.set_needs(peer_message::format);
  if (claimed.socket) put(*claimed.socket, namespaces, *out.mutable_socket());
  out.set_revision(claimed.revision);
  out.set_elsewhere(claimed.elsewhere);
  return out.SerializeAsString();
}

base::Result<Claimed> decode_claimed(std::string_view bytes, workers::Namespaces& namespaces) {
  v1::SocketClaimed in;
  if (const auto status = peer_message::read(bytes, in); !status) return status.error();
  Claimed claimed{std::nullopt, in.revision(), in.elsewhere()};
  if (!in.has_socket()) return claimed;
  auto socket = take(in.socket(), namespaces);
  if (!socket) return socket.error();
  claimed.socket = *std::move(socket);
  return claimed;
}

std::string encode(const Record& record, const workers::Namespaces& namespaces) {
  v1::SocketRecord out;
  out.set_needs(peer_message::format);
  put(record.socket, namespaces, *out.mutable_socket());
  out.set_holder(record.holder);
  return out.SerializeAsString();
}

base::Result<Record> decode_record(std::string_view bytes, workers::Namespaces& namespaces) {
  v1::SocketRecord in;
  if (const auto status = peer_message::read(bytes, in); !status) return status.error();
  auto socket = take(in.socket(), namespaces);
  if (!socket) return socket.error();
  return Record{*std::move(socket), in.holder()};
}

}  // namespace sluice::gateway::socket_codec
