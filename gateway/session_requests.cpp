#include "gateway/session_requests.hpp"

#include <utility>

#include "gateway/carried.hpp"
#include "gateway/engine_io.hpp"
#include "gateway/engine_session.hpp"
#include "gateway/http_answer.hpp"
#include "gateway/http_wire.hpp"

namespace sluice::gateway {

using workers::Connection;
using workers::Worker;

namespace {

// Answers for a session that is not there.
struct Unknown {
  Contexts& contexts;
  ExchangeId id;
  void operator()(Worker& worker) const {
    answer(contexts.context_of(worker), worker, id, engine_io::reply_of(engine_io::Refusal::unknown_session));
  }
};

// A turn later, if `may_wait` and the session is changing to a WebSocket.
void poll(Contexts& contexts, Worker& worker, const base::ConnectionId& session_id, const ExchangeId& id,
          bool may_wait) {
  const auto deal = [&contexts, session_id, id, may_wait](Worker& there, EngineSession& session,
                                                          Connection& connection) {
    if (!may_wait || !session.is_changing()) return session.on_poll(there, connection, id);
    there.post(there.id(),
               [&contexts, session_id, id](Worker& later) { poll(contexts, later, session_id, id, false); });
  };
  with_wire<EngineSession>(worker, session_id, deal, Unknown{contexts, id});
}

constexpr auto nobody = [](Worker&) {};

}  // namespace

void answer(WorkerContext& context, Worker& here, const ExchangeId& id, HttpReply reply) {
  if (id.node == here.incarnation()) return HttpWire::answer(here, id, std::move(reply));
  context.peer_exchanges.answer(id, reply);
}

void poll_session(WorkerContext& context, Worker& here, const base::ConnectionId& session, const ExchangeId& id) {
  poll(context.contexts, here, session, id, true);
}

void begin_post(Worker& here, const base::ConnectionId& session, const ExchangeId& id) {
  with_wire<EngineSession>(
      here, session,
      [id](Worker& there, EngineSession& found, Connection& connection) { found.on_post_begun(there, connection, id); },
      nobody);
}

void post_to_session(WorkerContext& context, Worker& here, const base::ConnectionId& session, const ExchangeId& id,
                     std::string payload) {
  with_wire<EngineSession>(
      here, session,
      [id, payload = std::move(payload)](Worker& there, EngineSession& found, Connection& connection) mutable {
        found.on_post(there, connection, id, std::move(payload));
      },
      Unknown{context.contexts, id});
}

void poll_rooms(WorkerContext& context, Worker& here, const base::ConnectionId& session, const PollSession::Ask& ask) {
  with_wire<PollSession>(
      here, session,
      [ask](Worker& there, PollSession& found, Connection& connection) { found.on_poll(there, connection, ask); },
      [&contexts = context.contexts, ask](Worker& there) {
        answer(contexts.context_of(there), there, ask.id, PollSession::gone_reply(ask.since, ask.names_rooms));
      });
}

void end_request(Worker& here, const base::ConnectionId& session, const ExchangeId& id) {
  const auto end = [id](Worker& there, auto& found, Connection& connection) {
    found.on_request_gone(there, connection, id);
  };
  with_wire<EngineSession>(here, session, end,
                           [session, end](Worker& there) { with_wire<PollSession>(there, session, end, nobody); });
}

}  // namespace sluice::gateway
