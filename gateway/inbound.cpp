#include "gateway/inbound.hpp"

#include "base/pattern.hpp"

namespace sluice::gateway {
namespace {

using workers::DropReason;

std::shared_ptr<workers::Message> make_message(const workers::Connection& connection, workers::DataKind kind,
                                               std::string_view payload) {
  auto message = std::make_shared<workers::Message>();
  message->target.name_space = connection.name_space();
  message->data.assign(payload);
  message->kind = kind;
  return message;
}

}  // namespace

bool may_speak_to(const workers::Worker& worker, const workers::Connection& connection, std::string_view room) {
  return may_speak_to(worker.credentials_of(connection), room);
}

bool may_speak_to(const workers::Credentials* credentials, std::string_view room) {
  if (credentials == nullptr || !credentials->publish) return true;
  return base::matches_any_pattern(*credentials->publish, room);
}

std::vector<workers::RoomKey> relay_rooms(workers::Worker& worker, const workers::Connection& connection) {
  std::vector<workers::RoomKey> rooms = worker.named_rooms(connection);
  const auto refused =
      std::erase_if(rooms, [&](const workers::RoomKey& key) { return !may_speak_to(worker, connection, key.name); });
  if (refused > 0 && rooms.empty()) worker.drop_received(DropReason::forbidden);
  return rooms;
}

Held take_message(ClientMessages policy, workers::Worker& worker, workers::Connection& connection,
                  workers::DataKind kind, std::string_view payload) {
  if (!worker.count_received(connection, payload.size())) return nullptr;
  switch (policy) {
    case ClientMessages::backend:
      return offer(worker, connection, make_message(connection, kind, payload));
    case ClientMessages::drop:
      worker.drop_received(DropReason::policy);
      return nullptr;
    case ClientMessages::echo: {
      auto message = make_message(connection, kind, payload);
      message->accepted = worker.now();
      worker.deliver_to(connection, message);
      return nullptr;
    }
    case ClientMessages::relay: {
      auto message = make_message(connection, kind, payload);
      message->target.rooms = relay_rooms(worker, connection);
      // A backend may have taken it out of all its rooms: then nobody hears it.
      if (message->target.rooms.empty()) return nullptr;
      return try_again(worker, connection, std::move(message));
    }
  }
  return nullptr;
}

Held offer(workers::Worker& worker, workers::Connection& connection, Held message,
           std::optional<std::uint64_t> ack_id) {
  switch (worker.tell_message(connection, message, ack_id)) {
    case workers::Backend::Offer::taken:
      return nullptr;
    case workers::Backend::Offer::full:
      return message;
    case workers::Backend::Offer::absent:
      worker.drop_received(DropReason::no_backend);
      return nullptr;
    case workers::Backend::Offer::refused:
      worker.drop_received(DropReason::no_backend);
      // "Try again later" in the registry of close codes.
      worker.end(connection, {workers::EndReason::no_backend, 1013, "no backend is there for messages"});
      return nullptr;
  }
  return nullptr;
}

Held try_again(workers::Worker& worker, workers::Connection& connection, Held held) {
  // What is for nobody in particular is for backends.
  if (held->target.empty()) return offer(worker, connection, std::move(held));
  // What becomes of it later is nobody's business here.
  const auto receipt = worker.publish(held, nullptr);
  if (!receipt || *receipt) return nullptr;
  if (receipt->error().code == base::Errc::exhausted) return held;
  note_loss(worker, receipt->error());
  return nullptr;
}

void note_loss(workers::Worker& worker, const base::Error& why) {
  if (why.code == base::Errc::unavailable) worker.drop_received(DropReason::no_broker);
}

}  // namespace sluice::gateway
