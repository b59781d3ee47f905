// What backends are shown and say by their stream.

#include <memory>
#include <utility>

#include "base/json_scanner.hpp"
#include "control/calls.hpp"

namespace sluice::control {

Problem Calls::reply(const v1::Reply& request) {
  base::ConnectionId id;
  if (auto problem = translator_.connection_id("reply.connection", request.connection(), id)) return problem;
  auto answer = std::make_shared<workers::Message>();
  answer->kind = workers::DataKind::arguments;
  answer->data = request.arguments().empty() ? "[]" : request.arguments();
  v1::Payload payload;
  payload.set_arguments(answer->data);
  *payload.mutable_attachments() = request.attachments();
  if (auto problem = translator_.arguments("reply", payload, *answer)) return problem;
  if (parts_.pool.answer(id, request.ack_id(), std::move(answer))) return {};
  return try_again(base::Errc::exhausted, "a worker's mailbox is full", std::chrono::milliseconds(100));
}

void Calls::show_node(v1::Hello& out) const {
  out.set_node(parts_.facts.node);
  out.set_incarnation(incarnation_text());
}

void Calls::show_event(std::uint64_t number, const workers::ClientEvent& event, v1::Event& out) const {
  out.set_number(number);
  out.set_connection(event.connection.text());
  out.set_session(event.session);
  out.set_namespace_(parts_.pool.namespaces()[event.name_space.value]);
  out.set_protocol(show(event.protocol));
  switch (event.kind) {
    case workers::ClientEvent::Kind::connected: {
      v1::ConnectedEvent& connected = *out.mutable_connected();
      connected.set_remote_address(event.remote_address);
      connected.set_auth(event.auth);
      connected.set_recovered(event.is_recovered);
      return;
    }
    case workers::ClientEvent::Kind::message:
      show(*event.message, *out.mutable_message()->mutable_payload());
      if (event.ack_id) out.mutable_message()->set_ack_id(*event.ack_id);
      return;
    case workers::ClientEvent::Kind::disconnected: {
      v1::DisconnectedEvent& disconnected = *out.mutable_disconnected();
      disconnected.set_reason(std::string(workers::name_of(event.reason)));
      show(event.connected_for, *disconnected.mutable_connected_for());
      disconnected.set_messages_received(event.messages_received);
      disconnected.set_bytes_received(event.bytes_received);
      disconnected.set_bytes_sent(event.bytes_sent);
      return;
    }
  }
}

}  // namespace sluice::control
