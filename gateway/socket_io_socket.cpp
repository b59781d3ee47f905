#include "gateway/socket_io_socket.hpp"

#include <algorithm>
#include <utility>

#include "gateway/engine_io.hpp"
#include "gateway/rfc6455.hpp"
#include "gateway/session_moves.hpp"
#include "gateway/socket_io.hpp"
#include "gateway/socket_recovery.hpp"
#include "workers/worker.hpp"

namespace sluice::gateway {

using workers::Connection;
using workers::Worker;

namespace {
constexpr std::size_t asks_max = 1024;  // that one client has not answered
}  // namespace

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
  const workers::Sequencer& sequencer = worker.sequencer(rider.name_space());
  worker.for_each_room(rider, [&](const workers::RoomKey& key, std::uint64_t joined_place) {
    if (key.kind == workers::RoomKey::Kind::everyone) return;
    std::uint64_t shared_place = sequencer.shared_place(joined_place);
    if (restored_ && joined_place == restored_->place) {
      const auto before = std::ranges::find(restored_->rooms, key, &BrokenSocket::Room::key);
      if (before != restored_->rooms.end()) shared_place = before->joined_place;
    }
    socket.rooms.push_back({key, shared_place});
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

bool SocketIoSocket::begin_change() { return home_.generation != 0 && !std::exchange(is_changed_, true); }

void SocketIoSocket::on_rooms_changed(Worker& worker, Connection& rider) {
  context_.socket_records.note_changed(worker, rider);
}

// It is cut off: its client comes back by itself, and learns by `recovered` that it has missed something.
void SocketIoSocket::on_gap(Worker& worker, Connection& carrier) {
  worker.end(carrier,
             {workers::EndReason::missed_messages, rfc6455::close_code::try_again_later, "messages were lost"});
}

void SocketIoSocket::on_answer(Worker& worker, Connection& rider, std::uint64_t ack_id,
                               const workers::Message& answer) {
  std::string frames;
  socket_io::append_ack(frames, context_.namespaces.name_of(rider.name_space()), ack_id, answer);
  worker.send(rider, frames);
}

bool SocketIoSocket::ask(Worker& worker, Connection& rider, const workers::Message& message,
                         const std::shared_ptr<const workers::OnAcknowledged>& on_acknowledged) {
  if (!asks_) asks_ = std::make_unique<Asks>();
  // Those that nobody waits for any more have been in the way long enough.
  if (asks_->waiting.size() >= asks_max) {
    boost::unordered::erase_if(asks_->waiting, [](const auto& one) { return one.second.expired(); });
  }
  if (asks_->waiting.size() >= asks_max) return false;
  const std::uint64_t id = asks_->last_id++;
  asks_->waiting.emplace(id, on_acknowledged);
  std::string frames;
  socket_io::append_event(frames, context_.namespaces.name_of(rider.name_space()), id, message, {});
  worker.send(rider, frames);
  return true;
}

void SocketIoSocket::on_acknowledged(const base::ConnectionId& self, std::uint64_t id, std::string_view arguments,
                                     std::vector<std::string> attachments) {
  if (!asks_) return;
  if (id < asks_->asked_elsewhere) {
    return context_.session_moves.tell_acknowledged(
        {asks_->elsewhere, id, std::string(arguments), std::move(attachments)});
  }
  const auto found = asks_->waiting.find(id);
  if (found == asks_->waiting.end()) return;
  const auto waiting = found->second.lock();
  asks_->waiting.erase(found);
  if (waiting) (*waiting)({self, protocol(), sid(), std::string(arguments), std::move(attachments)});
}

void SocketIoSocket::continue_asks(const base::ConnectionId& before, std::uint64_t asks) {
  if (asks == 0) return;
  asks_ = std::make_unique<Asks>();
  asks_->last_id = asks_->asked_elsewhere = asks;
  asks_->elsewhere = before;
}

void SocketIoSocket::on_ending(Worker& worker, Connection& rider, const workers::Ending&) {
  std::string frame;
  engine_io::append_packet(frame, engine_io::PacketType::message,
                           socket_io::disconnect_text(context_.namespaces.name_of(rider.name_space())));
  worker.send(rider, frame);
}

void SocketIoSocket::on_gone(Worker& worker, Connection& rider) {
  if (home_.generation == 0) return;
  // When the node ends, its clients go elsewhere.
  const bool is_over = !outlives_ && rider.end_reason() != workers::EndReason::draining;
  // Of one that has never come back, nobody knows more than its pid says.
  if (restored_ || (is_over && context_.socket_records.are_kept())) {
    forget_socket(worker, context_, pid(), worker.id_of(rider), is_over);
  }
}

}  // namespace sluice::gateway
