#include "gateway/move_codec.hpp"

#include "gateway/credentials_codec.hpp"
#include "gateway/peer_message.hpp"
#include "gateway/socket_codec.hpp"
#include "sluice/cluster/v1/moves.pb.h"

namespace sluice::gateway::move_codec {
namespace {

using base::Errc;
using base::fail;
using google::protobuf::RepeatedPtrField;
using std::chrono::milliseconds;
namespace v1 = cluster::v1;

void put(const MemberState& member, const workers::Namespaces& namespaces, v1::Member& out) {
  socket_codec::put(member.socket, namespaces, *out.mutable_socket());
  out.set_pid(member.pid);
  base::put_id(member.connection, *out.mutable_connection());
  out.set_epoch(member.given_through.epoch);
  out.set_given_through(member.given_through.offset);
  if (member.credentials) credentials_codec::put(*member.credentials, *out.mutable_credentials());
  out.set_asks(member.asks);
}

base::Result<MemberState> take(const v1::Member& in, workers::Namespaces& namespaces) {
  auto socket = socket_codec::take(in.socket(), namespaces);
  if (!socket) return socket.error();
  const auto connection = peer_message::id_of(in.connection());
  if (!connection) return connection.error();
  MemberState member{*std::move(socket), in.pid(), *connection, {in.epoch(), in.given_through()}};
  if (in.has_credentials()) member.credentials = credentials_codec::take(in.credentials());
  member.asks = in.asks();
  return member;
}

void put_fields(const std::vector<std::pair<std::string, std::string>>& fields, RepeatedPtrField<v1::Field>& out) {
  for (const auto& [name, value] : fields) {
    v1::Field& field = *out.Add();
    field.set_name(name);
    field.set_value(value);
  }
}

void take_fields(const RepeatedPtrField<v1::Field>& in, std::vector<std::pair<std::string, std::string>>& out) {
  for (const v1::Field& field : in) out.emplace_back(field.name(), field.value());
}

void put(const SocketIoState::Handshake& handshake, v1::Handshake& out) {
  for (const workers::RoomKey& room : handshake.rooms) peer_message::put(room, *out.add_rooms());
  put_fields(handshake.details.parameters, *out.mutable_parameters());
  put_fields(handshake.details.headers, *out.mutable_headers());
  if (!handshake.shown) {
    out.set_error(std::string(base::row_of(handshake.shown.error().code).name));
    out.set_detail(handshake.shown.error().detail);
  } else if (*handshake.shown) {
    credentials_codec::put(**handshake.shown, *out.mutable_shown());
  }
}

base::Result<SocketIoState::Handshake> take(const v1::Handshake& in) {
  auto rooms = peer_message::keys_of(in.rooms());
  if (!rooms) return rooms.error();
  SocketIoState::Handshake handshake{*std::move(rooms), {}, std::optional<Admission>()};
  take_fields(in.parameters(), handshake.details.parameters);
  take_fields(in.headers(), handshake.details.headers);
  if (!in.error().empty()) {
    handshake.shown = fail(base::errc_named(in.error()), in.detail());
  } else if (in.has_shown()) {
    auto shown = credentials_codec::take(in.shown());
    if (!shown) return shown.error();
    handshake.shown = std::optional(*std::move(shown));
  }
  return handshake;
}

void put(const SocketIoState& state, const workers::Namespaces& namespaces, v1::SessionState::SocketIo& out) {
  if (state.handshake) put(*state.handshake, *out.mutable_handshake());
  for (const MemberState& socket : state.sockets) put(socket, namespaces, *out.add_sockets());
  if (state.pending) {
    out.mutable_pending()->set_text(state.pending->text);
    for (const std::string& one : state.pending->attachments) out.mutable_pending()->add_attachments(one);
  }
  if (state.connect_in) out.set_connect_in_ms(state.connect_in->count());
}

base::Result<SocketIoState> take(const v1::SessionState::SocketIo& in, workers::Namespaces& namespaces) {
  SocketIoState state;
  if (in.has_handshake()) {
    auto handshake = take(in.handshake());
    if (!handshake) return handshake.error();
    state.handshake = *std::move(handshake);
  }
  for (const v1::Member& one : in.sockets()) {
    auto socket = take(one, namespaces);
    if (!socket) return socket.error();
    state.sockets.push_back(*std::move(socket));
  }
  if (in.has_pending()) {
    state.pending = SocketIoState::Pending{in.pending().text(),
                                           {in.pending().attachments().begin(), in.pending().attachments().end()}};
  }
  if (in.has_connect_in_ms()) state.connect_in = milliseconds(in.connect_in_ms());
  return state;
}

void put(const MovedAnswer& answer, v1::MovedAnswer& out) {
  base::put_id(answer.connection, *out.mutable_connection());
  out.set_number(answer.number);
  out.set_arguments(answer.arguments);
  for (const std::string& one : answer.attachments) out.add_attachments(one);
}

base::Result<MovedAnswer> take(const v1::MovedAnswer& in) {
  const auto connection = peer_message::id_of(in.connection());
  if (!connection) return connection.error();
  return MovedAnswer{*connection, in.number(), in.arguments(), {in.attachments().begin(), in.attachments().end()}};
}

}  // namespace

std::string encode(const Request& request) {
  v1::MoveRequest out;
  out.set_needs(peer_message::format);
  base::put_id(request.session, *out.mutable_session());
  out.mutable_socket()->set_worker(request.socket.worker.value);
  out.mutable_socket()->set_slot(request.socket.slot);
  out.mutable_socket()->set_generation(request.socket.generation);
  switch (request.kind) {
    case Request::Kind::begin:
      out.mutable_begin();
      break;
    case Request::Kind::probed:
      out.mutable_probed();
      break;
    case Request::Kind::take:
      out.mutable_take();
      break;
    case Request::Kind::end:
      out.mutable_end();
      break;
    case Request::Kind::arrived:
      out.mutable_arrived();
      for (const auto& [from, to] : request.renamed) {
        v1::Arrived::Renamed& one = *out.mutable_arrived()->add_connections();
        base::put_id(from, *one.mutable_from());
        base::put_id(to, *one.mutable_to());
      }
      break;
    case Request::Kind::acknowledged:
      put(request.answer, *out.mutable_acknowledged());
      break;
    case Request::Kind::answered:
      put(request.answer, *out.mutable_answered());
      break;
  }
  return out.SerializeAsString();
}

namespace {

base::Result<std::vector<Request::Renamed>> take_renamed(const v1::Arrived& in) {
  std::vector<Request::Renamed> renamed;
  for (const v1::Arrived::Renamed& one : in.connections()) {
    const auto from = peer_message::id_of(one.from()), to = peer_message::id_of(one.to());
    if (!from) return from.error();
    if (!to) return to.error();
    renamed.emplace_back(*from, *to);
  }
  return renamed;
}

}  // namespace

base::Result<Request> decode_request(std::string_view bytes, std::uint32_t from) {
  v1::MoveRequest in;
  if (const auto status = peer_message::read(bytes, in); !status) return status.error();
  const auto session = peer_message::id_of(in.session());
  if (!session) return session.error();
  const auto worker = peer_message::worker_of(in.socket().worker());
  if (!worker) return worker.error();
  Request request{Request::Kind::end, *session, {from, *worker, in.socket().slot(), in.socket().generation()}};
  switch (in.what_case()) {
    case v1::MoveRequest::kBegin:
      request.kind = Request::Kind::begin;
      return request;
    case v1::MoveRequest::kProbed:
      request.kind = Request::Kind::probed;
      return request;
    case v1::MoveRequest::kTake:
      request.kind = Request::Kind::take;
      return request;
    case v1::MoveRequest::kEnd:
      return request;
    case v1::MoveRequest::kArrived: {
      request.kind = Request::Kind::arrived;
      auto renamed = take_renamed(in.arrived());
      if (!renamed) return renamed.error();
      request.renamed = *std::move(renamed);
      return request;
    }
    case v1::MoveRequest::kAcknowledged:
    case v1::MoveRequest::kAnswered: {
      const bool is_answered = in.has_answered();
      request.kind = is_answered ? Request::Kind::answered : Request::Kind::acknowledged;
      auto answer = take(is_answered ? in.answered() : in.acknowledged());
      if (!answer) return answer.error();
      request.answer = *std::move(answer);
      return request;
    }
    case v1::MoveRequest::WHAT_NOT_SET:
      break;
  }
  return fail(Errc::not_found, "the message of a node asks what this one does not know");
}

std::string encode(const Begun& begun, const workers::Namespaces& namespaces) {
  v1::MoveBegun out;
  out.set_needs(peer_message::format);
  for (const NamespaceRooms& rooms : begun.rooms) {
    v1::MoveBegun::Rooms& one = *out.add_rooms();
    one.set_name_space(namespaces.name_of(rooms.name_space));
    for (const workers::RoomKey& key : rooms.keys) peer_message::put(key, *one.add_keys());
  }
  return out.SerializeAsString();
}

base::Result<Begun> decode_begun(std::string_view bytes, workers::Namespaces& namespaces) {
  v1::MoveBegun in;
  if (const auto status = peer_message::read(bytes, in); !status) return status.error();
  Begun begun;
  for (const v1::MoveBegun::Rooms& rooms : in.rooms()) {
    const auto name_space = namespaces.resolve(rooms.name_space());
    if (!name_space) return name_space.error();
    auto keys = peer_message::keys_of(rooms.keys());
    if (!keys) return keys.error();
    begun.rooms.push_back({*name_space, *std::move(keys)});
  }
  return begun;
}

std::string encode(const SessionState& state, const workers::Namespaces& namespaces) {
  v1::SessionState out;
  out.set_needs(peer_message::format);
  out.set_frames(state.frames);
  out.set_awaits_pong(state.awaits_pong);
  out.set_beat_ms(state.beat.count());
  if (const auto* const socket_io = std::get_if<SocketIoState>(&state.application)) {
    put(*socket_io, namespaces, *out.mutable_socket_io());
  } else {
    const MessagesState& messages = std::get<MessagesState>(state.application);
    put(messages.member, namespaces, *out.mutable_messages()->mutable_member());
    out.mutable_messages()->set_is_enveloped(messages.is_enveloped);
  }
  return out.SerializeAsString();
}

base::Result<SessionState> decode_state(std::string_view bytes, workers::Namespaces& namespaces) {
  v1::SessionState in;
  if (const auto status = peer_message::read(bytes, in); !status) return status.error();
  SessionState state{std::move(*in.mutable_frames()), in.awaits_pong(), milliseconds(in.beat_ms())};
  if (in.has_socket_io()) {
    auto socket_io = take(in.socket_io(), namespaces);
    if (!socket_io) return socket_io.error();
    state.application = *std::move(socket_io);
    return state;
  }
  if (!in.has_messages()) return fail(Errc::bad_request, "the session of a node carries what this one does not know");
  auto member = take(in.messages().member(), namespaces);
  if (!member) return member.error();
  state.application = MessagesState{*std::move(member), in.messages().is_enveloped()};
  return state;
}

}  // namespace sluice::gateway::move_codec
