// What backends are shown and say by their stream.

#include <algorithm>
#include <memory>
#include <utility>

#include "control/calls.hpp"
#include "control/event_kinds.hpp"
#include "control/share_kinds.hpp"

namespace sluice::control {

void Calls::reply(const v1::Reply& request, base::TimePoint deadline, const Answer<v1::Replied>& answer) {
  const auto id = base::ConnectionId::parse(request.connection());
  if (!id || !nodes_.has_other(id->incarnation)) return share_reply(request, deadline, answer);
  nodes_.ask_one<v1::Replied>(id->incarnation, share_kinds::reply, request, soonest(deadline),
                              [answer](Outcome<v1::Replied> outcome) {
                                // As of a client that has gone.
                                const bool is_gone = !outcome && outcome.failure().code == base::Errc::unavailable;
                                answer(is_gone ? v1::Replied() : std::move(outcome));
                              });
}

void Calls::share_reply(const v1::Reply& request, base::TimePoint, const Answer<v1::Replied>& answer) {
  base::ConnectionId id;
  if (auto problem = translator_.connection_id("reply.connection", request.connection(), id)) {
    return answer(*std::move(problem));
  }
  auto message = std::make_shared<workers::Message>();
  message->kind = workers::DataKind::arguments;
  message->data = request.arguments().empty() ? "[]" : request.arguments();
  v1::Payload payload;
  payload.set_arguments(message->data);
  *payload.mutable_attachments() = request.attachments();
  if (auto problem = translator_.arguments("reply", payload, *message)) return answer(*std::move(problem));
  if (parts_.pool.answer(id, request.ack_id(), std::move(message))) return answer(v1::Replied());
  answer(try_again(base::Errc::exhausted, "a worker's mailbox is full", std::chrono::milliseconds(100)));
}

Problem Calls::filter(const v1::Subscribe& request, EventFilter& out) const {
  workers::KindSet kinds = 0;
  for (const int kind : request.kinds()) {
    if (kinds_of(kind) == 0) {
      return misfit("subscribe.kinds", "kinds of events that this gateway knows, each by its name");
    }
    kinds |= kinds_of(kind);
  }
  EventFilter::Patterns patterns;
  const auto take = [](const char* field, const Translator::Names& given, std::vector<std::string>& into) -> Problem {
    if (!are_patterns(given)) return misfit(field, std::string(patterns_wanted));
    into.assign(given.begin(), given.end());
    return {};
  };
  if (auto problem = take("subscribe.namespaces", request.namespaces(), patterns.namespaces)) return problem;
  if (auto problem = take("subscribe.rooms", request.rooms(), patterns.rooms)) return problem;
  if (auto problem = take("subscribe.events", request.events(), patterns.events)) return problem;
  out = filter_of(kinds == 0 ? EventFilter::usual_kinds : kinds, std::move(patterns));
  return {};
}

EventFilter Calls::filter_of(workers::KindSet kinds, EventFilter::Patterns patterns) const {
  return {kinds, std::move(patterns), [&pool = parts_.pool](base::NamespaceId id) -> std::string_view {
            return std::as_const(pool).namespaces().name_of(id);
          }};
}

namespace {

Failure too_late() {
  Failure failure = misfit("verdict.verdict", "that of a client which still waits");
  failure.code = base::Errc::not_found;
  return failure;
}

}  // namespace

void Calls::judge(const v1::Verdict& request, base::TimePoint deadline, const Answer<v1::Judged>& answer) {
  const auto id = base::ConnectionId::parse(request.connection());
  if (!id || !nodes_.has_other(id->incarnation)) return share_judge(request, deadline, answer);
  nodes_.ask_one<v1::Judged>(id->incarnation, share_kinds::verdict, request, soonest(deadline),
                             [answer](Outcome<v1::Judged> outcome) {
                               const bool is_late = !outcome && (outcome.failure().code == base::Errc::not_found ||
                                                                 outcome.failure().code == base::Errc::unavailable);
                               if (is_late) return answer(too_late());
                               answer(std::move(outcome));
                             });
}

void Calls::share_judge(const v1::Verdict& request, base::TimePoint, const Answer<v1::Judged>& answer) {
  base::ConnectionId id;
  if (auto problem = translator_.connection_id("verdict.connection", request.connection(), id)) {
    return answer(*std::move(problem));
  }
  workers::Verdict verdict;
  if (auto problem = translator_.verdict(request, verdict)) return answer(inside("verdict.", *std::move(problem)));
  const bool is_posted = parts_.pool.give_verdict(id, request.verdict(), std::move(verdict),
                                                  [&executor = parts_.executor, answer](bool is_awaited) {
                                                    executor.post([answer, is_awaited] {
                                                      if (is_awaited) return answer(v1::Judged());
                                                      answer(too_late());
                                                    });
                                                  });
  if (is_posted) return;
  answer(try_again(base::Errc::exhausted, "a worker's mailbox is full", std::chrono::milliseconds(100)));
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
  if (!parts_.peers.is_alone()) out.set_source(incarnation_text());
  if (event.is_of_connection()) {
    out.set_connection(event.connection.text());
    out.set_session(event.session);
    out.set_protocol(show(event.protocol));
  }
  if (!event.asked_name_space.empty()) {
    out.set_namespace_(event.asked_name_space);
  } else if (event.kind != workers::ClientEvent::Kind::draining) {
    out.set_namespace_(parts_.pool.namespaces().name_of(event.name_space));
  }
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
      connected.set_again(event.is_again);
      if (event.moved_from.generation != 0) connected.set_moved_from(event.moved_from.text());
      for (const std::string& room : event.rooms) connected.add_rooms(room);
      for (const auto& [name, value] : event.labels) (*connected.mutable_labels())[name] = value;
      return;
    }
    case workers::ClientEvent::Kind::joined:
      for (const std::string& room : event.rooms) out.mutable_joined()->add_rooms(room);
      return;
    case workers::ClientEvent::Kind::left:
      for (const std::string& room : event.rooms) out.mutable_left()->add_rooms(room);
      return;
    case workers::ClientEvent::Kind::acknowledged: {
      v1::AcknowledgedEvent& acknowledged = *out.mutable_acknowledged();
      acknowledged.set_ask(event.ask);
      acknowledged.set_arguments(event.message->data);
      for (const std::string& one : event.message->attachments) acknowledged.add_attachments(one);
      return;
    }
    case workers::ClientEvent::Kind::dropped:
      out.mutable_dropped()->set_reason(
          std::string(workers::drop_reason_names[static_cast<std::size_t>(event.drop_reason)]));
      out.mutable_dropped()->set_messages(event.dropped);
      return;
    case workers::ClientEvent::Kind::room_occupied:
      out.mutable_room_occupied()->set_room(event.rooms.front());
      return;
    case workers::ClientEvent::Kind::room_vacated:
      out.mutable_room_vacated()->set_room(event.rooms.front());
      return;
    case workers::ClientEvent::Kind::draining:
      out.mutable_draining();
      return;
    case workers::ClientEvent::Kind::message:
      if (!event.rooms.empty()) out.mutable_message()->set_room(event.rooms.front());
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
