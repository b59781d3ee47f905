#include "gateway/socket_io_session.hpp"

#include <algorithm>
#include <utility>

#include "gateway/encodings.hpp"
#include "gateway/engine_io.hpp"
#include "gateway/engine_session.hpp"
#include "gateway/reached.hpp"
#include "gateway/rfc6455.hpp"
#include "gateway/socket_io_socket.hpp"
#include "gateway/socket_recovery.hpp"
#include "workers/worker.hpp"

namespace sluice::gateway {

using base::Errc;
using base::fail;
using socket_io::PacketType;
using workers::Connection;
using workers::EndReason;
using workers::RoomKey;
using workers::Worker;

SocketIoSession::SocketIoSession(WorkerContext& context, Handshake handshake) : context_(context) {
  const workers::ConnectDetails& details = handshake.details;
  const bool shows_nothing = handshake.shown && !*handshake.shown;
  if (handshake.rooms.empty() && details.parameters.empty() && details.headers.empty() && shows_nothing &&
      !handshake.place)
    return;
  rare().handshake = std::make_unique<Handshake>(std::move(handshake));
}

SocketIoSession::Rare& SocketIoSession::rare() {
  if (!rare_) rare_ = std::make_unique<Rare>();
  return *rare_;
}

void SocketIoSession::on_open(Worker& worker, Connection&) {
  connect_by_ = worker.now() + context_.options.socket_io_connect_timeout_ms;
}

std::optional<base::TimePoint> SocketIoSession::deadline() const {
  return connect_by_ == base::TimePoint{} ? std::nullopt : std::optional(connect_by_);
}

void SocketIoSession::on_deadline(Worker& worker, Connection& connection) {
  worker.end(connection,
             {EndReason::handshake_timeout, rfc6455::close_code::policy, "no namespace was joined in time"});
}

void SocketIoSession::send(Worker& worker, Connection& connection, std::string_view text) {
  std::string frame;
  engine_io::append_packet(frame, engine_io::PacketType::message, text);
  worker.send(connection, frame);
}

SocketIoSession::Joined* SocketIoSession::find(std::string_view name_space) {
  const auto found = std::ranges::find_if(
      joined_, [&](const Joined& one) { return context_.namespaces.name_of(one.name_space) == name_space; });
  return found == joined_.end() ? nullptr : &*found;
}

SocketIoSession::Joining& SocketIoSession::add_joining(Joining joining) {
  return rare().joining.emplace_back(std::move(joining));
}

std::optional<SocketIoSession::Joining> SocketIoSession::take_joining(std::uint32_t slot, std::uint32_t generation) {
  if (joining_count() == 0) return std::nullopt;
  std::vector<Joining>& all = rare_->joining;
  const auto found =
      std::ranges::find_if(all, [&](const Joining& one) { return one.slot == slot && one.generation == generation; });
  if (found == all.end()) return std::nullopt;
  std::optional<Joining> taken = std::move(*found);
  all.erase(found);
  return taken;
}

SocketIoSession* SocketIoSession::of(Connection* connection) {
  auto* const engine = connection == nullptr ? nullptr : dynamic_cast<EngineSession*>(&connection->wire());
  return engine == nullptr ? nullptr : dynamic_cast<SocketIoSession*>(&engine->application());
}

// --- packets ---

base::Result<bool> SocketIoSession::on_message(Worker& worker, Connection& connection, bool is_binary,
                                               std::string_view data) {
  if (is_binary) {
    PendingEvent* const pending = rare_ ? rare_->pending.get() : nullptr;
    if (pending == nullptr)
      return fail(Errc::bad_request,
                  "bytes came that belong to no event; a client with another parser, such as msgpack?");
    if (!pending->add(data)) return fail(Errc::bad_request, "an event and its attachments are over maxPayload");
    if (!pending->is_complete()) return true;
    const std::unique_ptr<PendingEvent> whole = std::move(rare_->pending);
    return on_packet(worker, connection, whole->packet(), whole->take_attachments());
  }
  if (rare_ && rare_->pending) return fail(Errc::bad_request, "text came while attachments of an event were awaited");
  const auto packet = socket_io::parse_packet(data);
  if (!packet) return packet.error();
  if (packet->attachments == 0) return on_packet(worker, connection, *packet, {});
  rare().pending = std::make_unique<PendingEvent>(data, *packet, context_.options.message_bytes_max);
  return true;
}

base::Result<bool> SocketIoSession::on_packet(Worker& worker, Connection& connection, const socket_io::Packet& packet,
                                              std::vector<std::string> attachments) {
  if (packet.type == PacketType::connect) {
    const auto status = on_connect(worker, connection, packet);
    return status ? base::Result<bool>(true) : status.error();
  }
  Joined* const joined = find(packet.name_space);
  if (joined == nullptr) return fail(Errc::bad_request, "a packet came for a namespace that was not joined");
  Connection* const rider = worker.find_open(joined->slot, joined->generation);
  // The server has just taken the client out, which it need not know yet.
  if (rider == nullptr) return true;
  switch (packet.type) {
    case PacketType::event:
    case PacketType::binary_event:
      return on_event(worker, connection, *rider, packet, std::move(attachments));
    case PacketType::ack:
    case PacketType::binary_ack:
      if (packet.ack_id) {
        static_cast<SocketIoSocket&>(rider->wire())
            .on_acknowledged(worker.id_of(*rider), *packet.ack_id, packet.payload, std::move(attachments));
      }
      return true;
    case PacketType::disconnect:
      joined_.erase(joined_.begin() + (joined - joined_.data()));
      worker.abandon(*rider, EndReason::client_closed);
      return true;
    case PacketType::connect:
    case PacketType::connect_error:
      return true;
  }
  return true;
}

// --- events ---

base::Result<bool> SocketIoSession::on_event(Worker& worker, Connection& connection, Connection& rider,
                                             const socket_io::Packet& packet, std::vector<std::string> attachments) {
  const auto event = socket_io::parse_event(packet);
  if (!event) return event.error();
  std::size_t bytes = packet.payload.size();
  for (const std::string& attachment : attachments) bytes += attachment.size();
  if (!worker.count_received(rider, bytes)) return true;
  Waiting waiting{std::make_shared<workers::Message>(), rider.name_space(), packet.ack_id};
  workers::Message& message = *waiting.message;
  message.target.name_space = rider.name_space();
  socket_io::fill_message(*event, std::move(attachments), message);
  const auto answer = [&](std::string_view arguments) {
    if (!packet.ack_id) return;
    send(worker, connection, socket_io::ack_text(packet.name_space, *packet.ack_id, arguments));
  };
  switch (context_.options.client_messages) {
    case ClientMessages::backend:
      return hand_to_backend(worker, rider, std::move(waiting));
    case ClientMessages::drop:
      worker.drop_received(workers::DropReason::policy);
      answer("[0]");
      return true;
    case ClientMessages::echo:
      message.accepted = worker.now();
      worker.deliver_to(rider, waiting.message);
      answer("[1]");
      return true;
    case ClientMessages::relay:
      break;
  }
  // To everyone in its rooms but itself, as socket.broadcast.emit() would: what names it is the room of its own.
  RoomKey own = RoomKey::room(static_cast<SocketIoSocket&>(rider.wire()).sid());
  message.target.rooms = relay_rooms(worker, rider);
  std::erase(message.target.rooms, own);
  if (message.target.rooms.empty()) {
    answer("[0]");
    return true;
  }
  message.target.except_rooms.push_back(std::move(own));
  return publish(worker, connection, std::move(waiting));
}

// False: backends are behind.
bool SocketIoSession::hand_to_backend(Worker& worker, Connection& rider, Waiting waiting) {
  if (!offer(worker, rider, waiting.message, waiting.ack_id)) return true;
  rare().waiting = std::make_unique<Waiting>(std::move(waiting));
  return false;
}

// False: there is no room for it yet.
bool SocketIoSession::publish(Worker& worker, Connection& connection, Waiting waiting) {
  Worker::OnReceipt later;
  if (waiting.ack_id && worker.has_shared_broker()) {
    later = [id = worker.id_of(connection), waiting](Worker& here, const base::Result<workers::Receipt>& receipt) {
      Connection* const found = here.find_open(id.slot, id.generation);
      SocketIoSession* const session = of(found);
      if (session != nullptr) here.run_for(*found, [&] { session->acknowledge(here, *found, waiting, receipt); });
    };
  }
  const auto receipt = worker.publish(waiting.message, std::move(later));
  const bool is_full = receipt && !*receipt && receipt->error().code == Errc::exhausted;
  if (waiting.ack_id && !is_full) ++rare().owed;
  if (!receipt) return true;
  if (is_full) {
    rare().waiting = std::make_unique<Waiting>(std::move(waiting));
    return false;
  }
  acknowledge(worker, connection, waiting, *receipt);
  return true;
}

void SocketIoSession::acknowledge(Worker& worker, Connection& connection, const Waiting& published,
                                  const base::Result<workers::Receipt>& receipt) {
  if (!receipt) note_loss(worker, receipt.error());
  if (!published.ack_id) return;
  if (!receipt) return send_reached(worker, connection, published, 0);
  // The sender is in its room, but does not hear itself.
  if (published.message->target.rooms.size() == 1) {
    return send_reached(worker, connection, published, receipt->matched - std::min<std::uint64_t>(receipt->matched, 1));
  }
  // Who is in several of the rooms counts once, which only the workers can tell.
  count_reached(worker, published.message,
                [published, id = worker.id_of(connection)](Worker& here, std::uint64_t reached) {
                  Connection* const found = here.find_open(id.slot, id.generation);
                  SocketIoSession* const session = of(found);
                  if (session == nullptr) return;
                  here.run_for(*found, [&] { session->send_reached(here, *found, published, reached); });
                });
}

void SocketIoSession::send_reached(Worker& worker, Connection& connection, const Waiting& published,
                                   std::uint64_t reached) {
  --rare().owed;
  send(worker, connection,
       socket_io::ack_text(context_.namespaces.name_of(published.name_space), *published.ack_id,
                           "[" + std::to_string(reached) + "]"));
}

bool SocketIoSession::on_resume(Worker& worker, Connection& connection) {
  if (!rare_ || !rare_->waiting) return true;
  const std::unique_ptr<Waiting> waiting = std::move(rare_->waiting);
  if (!waiting->message->target.empty()) return publish(worker, connection, std::move(*waiting));
  const Joined* const joined = find(context_.namespaces.name_of(waiting->name_space));
  Connection* const rider = joined != nullptr ? worker.find_open(joined->slot, joined->generation) : nullptr;
  return rider == nullptr || hand_to_backend(worker, *rider, std::move(*waiting));
}

// Those that the server has taken out are still among the joined ones.
const Connection* SocketIoSession::first_rider(Worker& worker) const {
  for (const Joined& joined : joined_) {
    const Connection* const rider = worker.find_open(joined.slot, joined.generation);
    if (rider != nullptr && rider->is_announced()) return rider;
  }
  return nullptr;
}

// --- the end ---

// The transport is gone; the client did not say that it leaves, and may come back.
void SocketIoSession::on_end(Worker& worker, Connection&, EndReason reason) {
  if (joining_count() > 0) {
    for (Joining& one : std::exchange(rare_->joining, {})) {
      if (one.broken) save_socket(worker, context_, one.pid, *std::move(one.broken), false);
      if (Connection* const rider = worker.find_open(one.slot, one.generation)) worker.abandon(*rider, reason);
    }
  }
  for (const Joined& joined : std::exchange(joined_, {})) {
    Connection* const rider = worker.find_open(joined.slot, joined.generation);
    if (rider == nullptr) continue;
    auto& socket = static_cast<SocketIoSocket&>(rider->wire());
    const std::string pid = socket.pid();
    if (!pid.empty() && reason != EndReason::disconnected) {
      save_socket(worker, context_, pid, socket.broken(worker, *rider), !socket.is_changed());
      socket.outlive();
    }
    worker.abandon(*rider, reason);
  }
}

}  // namespace sluice::gateway
