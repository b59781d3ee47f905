#include "gateway/socket_io_socket.hpp"

#include <algorithm>

#include "gateway/engine_application.hpp"
#include "gateway/socket_io.hpp"
#include "gateway/socket_recovery.hpp"
#include "workers/worker.hpp"

namespace sluice::gateway {

using workers::Connection;
using workers::Worker;

BrokenSocket SocketIoSocket::broken(const Worker& worker, const Connection& rider) const {
  BrokenSocket socket{sid_, rider.name_space(), {}, start_};
  worker.for_each_room(rider, [&](const workers::RoomKey& key, std::uint64_t joined_place) {
    if (key.kind == workers::RoomKey::Kind::everyone) return;
    if (restored_ && joined_place == restored_place_) {
      const auto before = std::ranges::find(*restored_, key, &BrokenSocket::Room::key);
      if (before != restored_->end()) joined_place = before->joined_place;
    }
    socket.rooms.push_back({key, joined_place});
  });
  return socket;
}

void SocketIoSocket::restore(const Worker& worker, const Connection& rider, std::vector<BrokenSocket::Room> rooms) {
  worker.for_each_room(rider, [this](const workers::RoomKey& key, std::uint64_t joined_place) {
    if (key.kind == workers::RoomKey::Kind::everyone) restored_place_ = joined_place;
  });
  restored_ = std::make_unique<std::vector<BrokenSocket::Room>>(std::move(rooms));
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
  if (!pid_.empty()) forget_socket(worker, context_, pid_, worker.id_of(rider));
}

}  // namespace sluice::gateway
