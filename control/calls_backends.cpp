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

Problem Calls::judge(const v1::Verdict& request, const Answer<v1::Judged>& answer) {
  base::ConnectionId id;
  if (auto problem = translator_.connection_id("verdict.connection", request.connection(), id)) return problem;
  workers::Verdict verdict;
  if (auto problem = translator_.verdict(request, verdict)) return inside("verdict.", *std::move(problem));
  const bool is_posted = parts_.pool.give_verdict(
      id, request.verdict(), std::move(verdict), [&executor = parts_.executor, answer](bool is_awaited) {
        executor.post([answer, is_awaited] {
          if (is_awaited) return answer(v1::Judged());
          Failure failure = misfit("verdict.verdict", "that of a client which still waits");
          failure.code = base::Errc::not_found;
          answer(std::move(failure));
        });
      });
  if (is_posted) return {};
  return try_again(base::Errc::exhausted, "a worker's mailbox is full", std::chrono::milliseconds(100));
}

void Calls::show_node(v1::Hello& out) const {
  out.set_node(parts_.facts.node);
  out.set_incarnation(incarnation_text());
}

namespace {

void show_fields(const std::vector<std::pair<std::string, std::string>>& fields,
                 google::protobuf::RepeatedPtrField<v1::Field>& out) {
  for (const auto& [name, value] : fields) {
    v1::Field& field = *out.Add();
    field.set_name(name);
    field.set_value(value);
  }
}

}  // namespace

void Calls::show_event(std::uint64_t number, const workers::ClientEvent& event, v1::Event& out) const {
  out.set_number(number);
  out.set_connection(event.connection.text());
  out.set_session(event.session);
  out.set_namespace_(event.kind == workers::ClientEvent::Kind::connecting
                         ? event.asked_name_space
                         : parts_.pool.namespaces().name_of(event.name_space));
  out.set_protocol(show(event.protocol));
  switch (event.kind) {
    case workers::ClientEvent::Kind::connecting: {
      v1::ConnectingEvent& connecting = *out.mutable_connecting();
      connecting.set_verdict(event.verdict);
      connecting.set_remote_address(event.remote_address);
      connecting.set_auth(event.details.auth);
      show_fields(event.details.parameters, *connecting.mutable_parameters());
      show_fields(event.details.headers, *connecting.mutable_headers());
      connecting.set_recovering(event.is_recovered);
      return;
    }
    case workers::ClientEvent::Kind::connected: {
      v1::ConnectedEvent& connected = *out.mutable_connected();
      connected.set_remote_address(event.remote_address);
      connected.set_auth(event.details.auth);
      connected.set_user(event.user);
      show_fields(event.details.parameters, *connected.mutable_parameters());
      show_fields(event.details.headers, *connected.mutable_headers());
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
