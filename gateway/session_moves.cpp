#include "gateway/session_moves.hpp"

#include <utility>

#include "gateway/carried.hpp"
#include "gateway/engine_session.hpp"
#include "gateway/worker_context.hpp"
#include "workers/worker.hpp"

namespace sluice::gateway {

using base::ConnectionId;
using base::Errc;
using base::fail;
using move_codec::Request;
using workers::Connection;
using workers::Peers;
using workers::Worker;

namespace {

constexpr std::string_view move_kind = "session_move";

// What the question is about: it is dealt with on the worker of that connection.
const ConnectionId& subject_of(const Request& request) {
  const bool is_answer = request.kind == Request::Kind::acknowledged || request.kind == Request::Kind::answered;
  return is_answer ? request.answer.connection : request.session;
}

// For the session, which lives on this worker, if it does.
void deal_with_session(WorkerContext& context, Worker& worker, const Request& request, const Peers::OnAnswer& answer) {
  Connection* connection = nullptr;
  auto* const session = find_wire<EngineSession>(worker, request.session, connection);
  if (session == nullptr) return answer(fail(Errc::not_found, "there is no such session"));
  worker.run_for(*connection, [&] {
    switch (request.kind) {
      case Request::Kind::begin: {
        auto begun = session->begin_move(worker, *connection, request.socket);
        if (!begun) return answer(begun.error());
        return answer(move_codec::encode(move_codec::Begun{*std::move(begun)}, context.namespaces));
      }
      case Request::Kind::probed:
        return session->on_move_probed(*connection, request.socket);
      case Request::Kind::take:
        return session->give_away(worker, *connection, request.socket,
                                  [answer, &namespaces = context.namespaces](const base::Result<SessionState>& state) {
                                    if (!state) return answer(state.error());
                                    answer(move_codec::encode(*state, namespaces));
                                  });
      case Request::Kind::end:
        return session->end_move(worker, *connection, request.socket);
      case Request::Kind::arrived:
      case Request::Kind::acknowledged:
      case Request::Kind::answered:
        return;
    }
  });
}

void deal_with(WorkerContext& context, Worker& worker, const Request& request, const Peers::OnAnswer& answer) {
  if (request.kind == Request::Kind::arrived) {
    for (const auto& [before, now] : request.renamed) context.moved_connections.settle(before, now);
  } else if (request.kind == Request::Kind::acknowledged) {
    context.moved_connections.acknowledge(request.answer.connection, request.answer.number, request.answer.arguments,
                                          request.answer.attachments);
  } else if (request.kind == Request::Kind::answered) {
    workers::Message message;
    message.kind = workers::DataKind::arguments;
    message.data = request.answer.arguments;
    message.attachments = request.answer.attachments;
    worker.take_answer(request.answer.connection, request.answer.number, message);
  } else {
    deal_with_session(context, worker, request, answer);
  }
}

}  // namespace

void SessionMoves::open(workers::Pool& pool) {
  pool_ = &pool;
  if (peers_.is_alone()) return;
  peers_.serve(move_kind, [this](const Peers::Question& question, const Peers::OnAnswer& answer) {
    take_question(question, answer);
  });
}

void SessionMoves::take_question(const Peers::Question& question, const Peers::OnAnswer& answer) {
  auto request = move_codec::decode_request(question.payload, question.from);
  if (!request) return answer(request.error());
  const ConnectionId subject = subject_of(*request);
  if (subject.incarnation != pool_->incarnation() || subject.worker().value >= pool_->worker_count()) {
    return answer(fail(Errc::bad_request, "the session is none of this node's"));
  }
  pool_->force(subject.worker(), [&contexts = contexts_, request = *std::move(request), answer](Worker& worker) {
    deal_with(contexts.context_of(worker), worker, request, answer);
  });
}

void SessionMoves::ask(const Request& request, base::TimePoint until,
                       std::function<void(Worker&, const base::Result<std::string>&)> then) {
  const base::WorkerId worker = request.socket.worker;
  peers_.ask(std::vector{request.session.incarnation}, move_kind, move_codec::encode(request), until,
             [this, worker, then = std::move(then)](const std::vector<workers::PeerAnswer>& answers) {
               pool_->force(worker, [then, answer = answers.front().payload](Worker& there) { then(there, answer); });
             });
}

void SessionMoves::tell(std::uint32_t node, const Request& request) {
  peers_.tell(std::vector{node}, move_kind, move_codec::encode(request));
}

void SessionMoves::begin(const ConnectionId& session, const ExchangeId& socket, base::TimePoint until, OnBegun then) {
  ask({Request::Kind::begin, session, socket}, until,
      [this, then = std::move(then)](Worker& worker, const base::Result<std::string>& answer) {
        if (!answer) return then(worker, answer.error());
        then(worker, move_codec::decode_begun(*answer, pool_->namespaces()));
      });
}

void SessionMoves::tell_probed(const ConnectionId& session, const ExchangeId& socket) {
  tell(session.incarnation, {Request::Kind::probed, session, socket});
}

void SessionMoves::take(const ConnectionId& session, const ExchangeId& socket, base::TimePoint until, OnTaken then) {
  ask({Request::Kind::take, session, socket}, until,
      [this, then = std::move(then)](Worker& worker, const base::Result<std::string>& answer) {
        if (!answer) return then(worker, answer.error());
        then(worker, move_codec::decode_state(*answer, pool_->namespaces()));
      });
}

void SessionMoves::end(const ConnectionId& session, const ExchangeId& socket) {
  tell(session.incarnation, {Request::Kind::end, session, socket});
}

void SessionMoves::tell_arrived(const ConnectionId& session, Renamed renamed) {
  Request request{Request::Kind::arrived, session};
  request.renamed = std::move(renamed);
  tell(session.incarnation, request);
}

void SessionMoves::tell_acknowledged(move_codec::MovedAnswer answer) {
  Request request{Request::Kind::acknowledged, answer.connection};
  request.answer = std::move(answer);
  tell(request.session.incarnation, request);
}

// --- what is said to one that has gone ---

// Published anew, for where it is: so it keeps the one order there.
void SessionMoves::forward(Worker& worker, const ConnectionId& id, const workers::Message& message) {
  WorkerContext& context = contexts_.context_of(worker);
  auto copy = std::make_shared<workers::Message>();
  copy->target.name_space = message.target.name_space;
  copy->target.except_rooms = message.target.except_rooms;
  copy->event = message.event;
  copy->data = message.data;
  copy->kind = message.kind;
  copy->attachments = message.attachments;
  copy->stored = message.stored;
  copy->deflation = message.deflation;
  copy->slow_policy = message.slow_policy;
  copy->conflation_key = message.conflation_key;
  context.moved_connections.find(id, [this, worker_id = worker.id(), copy](const auto& now) {
    if (!now) return;
    copy->target.connections.push_back(*now);
    pool_->force(worker_id, [copy](Worker& there) { static_cast<void>(there.publish(copy, nullptr)); });
  });
}

void SessionMoves::forward_answer(Worker& worker, const ConnectionId& id, std::uint64_t number,
                                  const workers::Message& answer) {
  Request request{Request::Kind::answered, id};
  request.answer = {{}, number, answer.data, answer.attachments};
  contexts_.context_of(worker).moved_connections.find(id, [this, request](const auto& now) mutable {
    if (!now) return;
    request.session = request.answer.connection = *now;
    tell(now->incarnation, request);
  });
}

}  // namespace sluice::gateway
