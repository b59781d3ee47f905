#include "control/show.hpp"

namespace sluice::control {

void show(const workers::Receipt& receipt, v1::Receipt& out) {
  out.set_position(receipt.position.text());
  if (receipt.is_exact) {
    out.set_matched(count_of(receipt.matched));
  } else {
    out.set_matched_at_most(count_of(receipt.matched));
  }
}

v1::Protocol show(workers::Protocol protocol) { return static_cast<v1::Protocol>(static_cast<int>(protocol) + 1); }

void show(const workers::Message& message, v1::StoredMessage& out) {
  out.set_position(message.position.text());
  show(message, *out.mutable_payload());
}

void show(const workers::Message& message, v1::Payload& payload) {
  payload.set_event(message.event);
  for (const std::string& attachment : message.attachments) payload.add_attachments(attachment);
  switch (message.kind) {
    case workers::DataKind::text:
      return payload.set_text(message.data);
    case workers::DataKind::binary:
      return payload.set_binary(message.data);
    case workers::DataKind::json:
      return payload.set_json(message.data);
    case workers::DataKind::arguments:
      return payload.set_arguments(message.data);
  }
}

void show(const workers::RoomInfo& room, v1::Room& out) {
  out.set_name(room.key.name);
  out.set_members(count_of(room.members));
  out.set_history_messages(count_of(room.history_messages));
}

void show(workers::Acknowledgement acknowledgement, v1::Acknowledgement& out) {
  out.set_connection(acknowledgement.connection.text());
  out.set_session(std::move(acknowledgement.session));
  out.set_arguments(std::move(acknowledgement.arguments));
  for (std::string& attachment : acknowledgement.attachments) out.add_attachments(std::move(attachment));
}

void show(const workers::Peer& peer, base::TimePoint now, v1::Node& out) {
  out.set_name(peer.name);
  out.set_version(peer.version);
  out.set_incarnation(base::incarnation_text(peer.incarnation));
  show(peer.started, *out.mutable_started_at());
  out.set_ready(peer.load.is_ready);
  out.set_draining(peer.load.is_draining);
  out.set_connections(count_of(peer.load.connections));
  out.set_other_secret(peer.has_other_secret);
  show(std::chrono::duration_cast<std::chrono::milliseconds>(now - peer.heard), *out.mutable_silent_for());
}

v1::Gap show(workers::Gap gap) {
  switch (gap) {
    case workers::Gap::none:
      return v1::GAP_NONE;
    case workers::Gap::evicted:
      return v1::GAP_EVICTED;
    case workers::Gap::other_epoch:
      return v1::GAP_OTHER_EPOCH;
    case workers::Gap::future:
      return v1::GAP_FUTURE;
  }
  return v1::GAP_NONE;
}

void show(std::chrono::milliseconds duration, google::protobuf::Duration& out) {
  out.set_seconds(duration.count() / 1000);
  out.set_nanos(static_cast<std::int32_t>(duration.count() % 1000 * 1'000'000));
}

void show(std::chrono::system_clock::time_point time, google::protobuf::Timestamp& out) {
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
  out.set_seconds(milliseconds / 1000);
  out.set_nanos(static_cast<std::int32_t>(milliseconds % 1000 * 1'000'000));
}

void show(const workers::ConnectionInfo& connection, const ConnectionPlace& place, v1::Connection& out) {
  out.set_id(connection.id.text());
  out.set_namespace_(place.name_space);
  out.set_protocol(show(connection.protocol));
  out.set_user(connection.user);
  for (const std::string& room : connection.rooms) out.add_rooms(room);
  out.set_remote_address(connection.remote_address);
  out.set_worker(connection.id.worker().value);
  show(place.now - connection.connected_for, *out.mutable_connected_at());
  show(connection.silent_for, *out.mutable_silent_for());
  out.mutable_outbox()->set_bytes(connection.outbox_bytes);
  out.mutable_outbox()->set_messages(count_of(connection.outbox_messages));
  show(connection.outbox_age, *out.mutable_outbox()->mutable_age());
  out.set_messages_received(connection.messages_received);
  out.set_messages_sent(connection.messages_sent);
  out.set_bytes_received(connection.bytes_received);
  out.set_bytes_sent(connection.bytes_sent);
  out.set_node(place.node);
  out.set_session(connection.session);
  for (const auto& [name, value] : connection.labels) (*out.mutable_labels())[name] = value;
}

}  // namespace sluice::control
