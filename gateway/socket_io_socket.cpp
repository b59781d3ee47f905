#include "gateway/socket_io_socket.hpp"

#include <algorithm>

#include "gateway/engine_application.hpp"
#include "gateway/socket_io.hpp"
#include "gateway/socket_recovery.hpp"
#include "workers/worker.hpp"

namespace sluice::gateway {

using workers::Connection;
using workers::Worker;

std::string SocketIoSocket::pid() const {
  return home_.generation == 0 ? std::string() : context_.seals.seal(Seals::Purpose::recovery, home_, nonce_);
}

void SocketIoSocket::begin(const base::ConnectionId& home, const Seals::Nonce& nonce, base::Position start) {
  home_ = home;
  nonce_ = nonce;
  start_ = start;
}

BrokenSocket SocketIoSocket::broken(const Worker& worker, const Connection& rider) const {
  BrokenSocket socket{sid(), rider.name_space(), {}, start_};
  worker.for_each_room(rider, [&](const workers::RoomKey& key, std::uint64_t joined_place) {
    if (key.kind == workers::RoomKey::Kind::everyone) return;
    if (restored_ && joined_place == restored_->place) {
      const auto before = std::ranges::find(restored_->rooms, key, &BrokenSocket::Room::key);
      if (before != restored_->rooms.end()) joined_place = before->joined_place;
    }
    socket.rooms.push_back({key, joined_place});
  });
  return socket;
}

void SocketIoSocket::restore(const Worker& worker, const Connection& rider, std::vector<BrokenSocket::Room> rooms) {
  restored_ = std::make_unique<Restored>();
  restored_->rooms = std::move(rooms);
  worker.for_each_room(rider, [this](const workers::RoomKey& key, std::uint64_t joined_place) {
    if (key.kind == workers::RoomKey::Kind::everyone) restored_->place = joined_place;
  });
}

void SocketIoSocket::on_answer(Worker& worker, Connection& rider, std::uint64_t ack_id,
                               const workers::Message& answer) {
  std::string frames;
  socket_io::append_ack(frames, context_.namespaces.name_of(rider.name_space()), ack_id, answer);
  worker.send(rider, frames);
}

void SocketIoSocket::on_ending(Worker& worker, Connection& rider, const workers::Ending&) {
  std::string frame;
  append_engine_message(frame, socket_io::disconnect_text(context_.namespaces.name_of(rider.name_space())));
  worker.send(rider, frame);
}

void SocketIoSocket::on_gone(Worker& worker, Connection& rider) {
  if (home_.generation != 0) forget_socket(worker, context_, pid(), worker.id_of(rider));
}

}  // namespace sluice::gateway
