#include "gateway/session_codec.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "gateway/peer_message.hpp"
#include "sluice/cluster/v1/sessions.pb.h"

namespace sluice::gateway::session_codec {
namespace {

using base::Errc;
using base::fail;
using peer_message::read;
namespace v1 = cluster::v1;

// What sessions answer with. A reply refers to one of these; a newer node may have others.
constexpr std::array<std::string_view, 3> content_types{"text/plain; charset=UTF-8", "text/html", "application/json"};

}  // namespace

std::string encode(Request request) {
  v1::SessionRequest out;
  out.set_needs(peer_message::format);
  base::put_id(request.session, *out.mutable_session());
  v1::Exchange& exchange = *out.mutable_exchange();
  exchange.set_worker(request.exchange.worker.value);
  exchange.set_slot(request.exchange.slot);
  exchange.set_generation(request.exchange.generation);
  exchange.set_number(request.exchange.number);
  switch (request.kind) {
    case Request::Kind::engine_poll:
      out.mutable_engine_poll();
      break;
    case Request::Kind::engine_post_begun:
      out.mutable_engine_post_begun();
      break;
    case Request::Kind::engine_post:
      out.mutable_engine_post()->set_payload(std::move(request.payload));
      break;
    case Request::Kind::gone:
      out.mutable_gone();
      break;
    case Request::Kind::rooms_poll:
      out.mutable_rooms_poll()->set_wait_ms(static_cast<std::uint32_t>(request.wait.count()));
      out.mutable_rooms_poll()->set_names_rooms(request.names_rooms);
      if (!request.since) break;
      out.mutable_rooms_poll()->mutable_since()->set_epoch(request.since->epoch);
      out.mutable_rooms_poll()->mutable_since()->set_offset(request.since->offset);
      break;
  }
  return out.SerializeAsString();
}

base::Result<Request> decode_request(std::string_view bytes, std::uint32_t from) {
  v1::SessionRequest in;
  if (const auto status = read(bytes, in); !status) return status.error();
  const auto session = peer_message::id_of(in.session());
  if (!session) return session.error();
  const auto worker = peer_message::worker_of(in.exchange().worker());
  if (!worker) return worker.error();
  Request request;
  request.session = *session;
  request.exchange = {from, *worker, in.exchange().slot(), in.exchange().generation(), in.exchange().number()};
  switch (in.what_case()) {
    case v1::SessionRequest::kEnginePoll:
      request.kind = Request::Kind::engine_poll;
      return request;
    case v1::SessionRequest::kEnginePostBegun:
      request.kind = Request::Kind::engine_post_begun;
      return request;
    case v1::SessionRequest::kEnginePost:
      request.kind = Request::Kind::engine_post;
      request.payload = std::move(*in.mutable_engine_post()->mutable_payload());
      return request;
    case v1::SessionRequest::kGone:
      request.kind = Request::Kind::gone;
      return request;
    case v1::SessionRequest::kRoomsPoll:
      request.kind = Request::Kind::rooms_poll;
      request.wait = std::chrono::milliseconds(in.rooms_poll().wait_ms());
      request.names_rooms = in.rooms_poll().names_rooms();
      if (in.rooms_poll().has_since()) {
        request.since = base::Position{in.rooms_poll().since().epoch(), in.rooms_poll().since().offset()};
      }
      return request;
    case v1::SessionRequest::WHAT_NOT_SET:
      break;
  }
  return fail(Errc::not_found, "the message of a node asks what this one does not know");
}

std::string encode(const HttpReply& reply) {
  v1::SessionReply out;
  out.set_needs(peer_message::format);
  out.set_status(reply.status);
  out.set_content_type(std::string(reply.content_type));
  out.set_body(reply.body);
  out.set_headers(reply.headers);
  out.set_closes(reply.closes);
  return out.SerializeAsString();
}

base::Result<HttpReply> decode_reply(std::string_view bytes) {
  v1::SessionReply in;
  if (const auto status = read(bytes, in); !status) return status.error();
  if (in.status() < 200 || in.status() > 599) {
    return fail(Errc::bad_request, "the reply of a node has a status that is none");
  }
  HttpReply reply{static_cast<std::uint16_t>(in.status())};
  const auto type = std::ranges::find(content_types, in.content_type());
  if (type != content_types.end()) {
    reply.content_type = *type;
  } else if (!in.content_type().empty()) {
    reply.content_type = "application/octet-stream";
  }
  reply.body = std::move(*in.mutable_body());
  reply.headers = std::move(*in.mutable_headers());
  reply.closes = in.closes();
  return reply;
}

}  // namespace sluice::gateway::session_codec
