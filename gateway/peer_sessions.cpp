#include "gateway/peer_sessions.hpp"

#include <algorithm>
#include <utility>

#include "gateway/engine_io.hpp"
#include "gateway/http_answer.hpp"
#include "gateway/http_wire.hpp"
#include "gateway/session_requests.hpp"

namespace sluice::gateway {

using base::ConnectionId;
using base::Errc;
using base::fail;
using session_codec::Request;
using workers::Peers;
using workers::Worker;

namespace {

// One kind for all, so that what is said of one request keeps its order.
constexpr std::string_view request_kind = "session_request";
// A poll is answered by the next heartbeat, and a post as soon as backends keep up; who waits for longer has lost his
// session.
constexpr base::Duration patience_beyond_heartbeat = std::chrono::minutes(5);
// Until whoever polls for rooms is answered, beyond what he wants to wait.
constexpr base::Duration patience_beyond_wait = std::chrono::seconds(10);

// On the session's worker.
void deal_with(WorkerContext& context, Worker& worker, Request request, base::TimePoint until,
               const Peers::OnAnswer& answer) {
  const ExchangeId& id = request.exchange;
  switch (request.kind) {
    case Request::Kind::engine_poll:
      context.peer_exchanges.add(id, request.session, until, answer);
      return poll_session(context, worker, request.session, id);
    case Request::Kind::engine_post_begun:
      return begin_post(worker, request.session, id);
    case Request::Kind::engine_post:
      context.peer_exchanges.add(id, request.session, until, answer);
      return post_to_session(context, worker, request.session, id, std::move(request.payload));
    case Request::Kind::rooms_poll:
      context.peer_exchanges.add(id, request.session, until, answer);
      return poll_rooms(context, worker, request.session, {id, request.since, request.wait, request.names_rooms});
    case Request::Kind::gone:
      context.peer_exchanges.forget(id);
      return end_request(worker, request.session, id);
  }
}

}  // namespace

void PeerSessions::open(workers::Pool& pool) {
  pool_ = &pool;
  if (is_alone()) return;
  peers_.serve(request_kind,
               [this](const Peers::Question& question, const Peers::OnAnswer& answer) { take(question, answer); });
  peers_.watch([this](const workers::PeerChange& change) { take_change(change); });
}

// --- what this node has read ---

bool PeerSessions::knows(std::uint32_t node) const {
  const auto others = peers_.others();
  return std::ranges::find(*others, node, &workers::Peer::incarnation) != others->end();
}

base::Duration PeerSessions::engine_patience() const {
  return options_.engine_ping_interval_ms + options_.engine_ping_timeout_ms + patience_beyond_heartbeat;
}

void PeerSessions::poll(const ConnectionId& session, const ExchangeId& id) {
  ask({Request::Kind::engine_poll, session, id}, engine_patience());
}

void PeerSessions::begin_post(const ConnectionId& session, const ExchangeId& id) {
  tell({Request::Kind::engine_post_begun, session, id});
}

void PeerSessions::post(const ConnectionId& session, const ExchangeId& id, std::string payload) {
  ask({Request::Kind::engine_post, session, id, std::move(payload)}, engine_patience());
}

void PeerSessions::poll_rooms(const ConnectionId& session, const PollSession::Ask& one) {
  Request request{Request::Kind::rooms_poll, session, one.id};
  request.since = one.since;
  request.wait = one.wait;
  request.names_rooms = one.names_rooms;
  ask(std::move(request), one.wait + patience_beyond_wait);
}

void PeerSessions::end_request(const ConnectionId& session, const ExchangeId& id) {
  tell({Request::Kind::gone, session, id});
}

void PeerSessions::tell(Request request) {
  const std::uint32_t to = request.session.incarnation;
  peers_.tell(std::vector{to}, request_kind, session_codec::encode(std::move(request)));
}

void PeerSessions::ask(Request request, base::Duration patience) {
  const base::TimePoint until = base::Clock::now() + patience;
  std::string bytes = session_codec::encode(request);
  std::string().swap(request.payload);
  peers_.ask(std::vector{request.session.incarnation}, request_kind, std::move(bytes), until,
             [this, request](const std::vector<workers::PeerAnswer>& answers) {
               const auto& payload = answers.front().payload;
               const ExchangeId& id = request.exchange;
               // Whether it was carried there is not known: what it was to take may be on its way to nobody.
               if (!payload) end_request(request.session, id);
               pool_->force(id.worker, [id, reply = reply_of(payload, request)](Worker& worker) mutable {
                 HttpWire::answer(worker, id, std::move(reply));
               });
             });
}

HttpReply PeerSessions::reply_of(const base::Result<std::string>& answer, const Request& request) const {
  if (answer) {
    auto reply = session_codec::decode_reply(*answer);
    return reply ? *std::move(reply) : unreached(request, reply.error().code);
  }
  if (answer.error().code == Errc::too_large) {
    return {413, "text/plain", "the payload is more than goes from one node to another\n", {}, true};
  }
  return unreached(request, answer.error().code);
}

HttpReply PeerSessions::unreached(const Request& request, Errc why) const {
  // As a session that is gone: the client begins anew, and goes on where it was.
  if (request.kind != Request::Kind::rooms_poll) return engine_io::reply_of(engine_io::Refusal::unknown_session);
  // Without a broker no node is reached, and none counts as gone.
  const bool may_be_there = knows(request.session.incarnation);
  if (!request.since || (may_be_there && (why != Errc::unavailable || !request.names_rooms))) {
    return scattered_unavailable_reply("the node of this client cannot be reached", request.exchange.slot);
  }
  return PollSession::gone_reply(request.since, request.names_rooms);
}

// --- what others have read ---

void PeerSessions::take(const Peers::Question& question, const Peers::OnAnswer& answer) {
  auto request = session_codec::decode_request(question.payload, question.from);
  if (!request) return answer(request.error());
  const ConnectionId session = request->session;
  if (session.incarnation != pool_->incarnation() || session.worker().value >= pool_->worker_count()) {
    return answer(fail(Errc::bad_request, "the session is none of this node's"));
  }
  pool_->force(session.worker(), [&contexts = contexts_, until = question.until, request = *std::move(request),
                                  answer](Worker& worker) mutable {
    deal_with(contexts.context_of(worker), worker, std::move(request), until, answer);
  });
}

// Whoever waited for a node's answers waits no more.
void PeerSessions::take_change(const workers::PeerChange& change) {
  if (change.kind == workers::PeerChange::Kind::came) return;
  for (std::size_t at = 0; at < pool_->worker_count(); ++at) {
    pool_->force(base::WorkerId{static_cast<std::uint16_t>(at)},
                 [&contexts = contexts_, node = change.peer.incarnation](Worker& worker) {
                   for (const auto& one : contexts.context_of(worker).peer_exchanges.forget_all_of(node)) {
                     gateway::end_request(worker, one.session, one.id);
                   }
                 });
  }
}

}  // namespace sluice::gateway
