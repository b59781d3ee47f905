// The part of HttpWire that is about requests which wait before they can be routed: for a backend's verdict, or for the
// messages of rooms to come to this node.

#include <memory>
#include <utility>

#include "gateway/http_answer.hpp"
#include "gateway/http_head.hpp"
#include "gateway/http_wire.hpp"
#include "gateway/http_wire_request.hpp"
#include "gateway/request_target.hpp"
#include "gateway/worker_context.hpp"
#include "workers/worker.hpp"

namespace sluice::gateway {

using base::Errc;
using base::fail;
using workers::Connection;
using workers::Worker;

void HttpWire::wait(Worker& worker, Connection& connection, std::string_view head_text) {
  worker.disarm(connection);
  request_ = std::make_shared<Request>();
  request_->text = head_text;
  request_->is_whole = true;
}

bool HttpWire::is_waiting() const { return request_ && !request_->handler; }

template <class Resume>
void HttpWire::go_on(Worker& here, const ExchangeId& id, Resume&& resume) {
  Connection* const found = here.find_open(id.slot, id.generation);
  HttpWire* const wire = of(found);
  std::string early;
  if (wire != nullptr && wire->is_waiting() && wire->number_ == id.number) {
    early = taken_from(wire->early_);
    here.run_for(*found, [&] { resume(*wire, *found); });
  }
  Connection* const still = here.find_open(id.slot, id.generation);
  // What the client has sent meanwhile is for whatever the connection has become.
  if (still != nullptr && !early.empty()) here.feed(*still, {early.data(), early.size()});
  // It may wait for something more.
  const HttpWire* const waits = of(here.find_open(id.slot, id.generation));
  const bool is_expected = still != nullptr && (still->is_announced() || (waits != nullptr && waits->is_waiting()));
  // One that begins with polling is another connection.
  if (!is_expected) here.forget_verdict({here.incarnation(), here.id(), id.slot, id.generation});
}

void HttpWire::ask_verdict(Worker& worker, Connection& connection, NeedsVerdict needs, std::string_view head_text) {
  const bool is_asked = context_.verdicts.ask(
      worker, connection, std::move(needs.question),
      [id = exchange_id(worker, connection), admission = std::move(needs.admission)](Worker& here,
                                                                                     const workers::Verdict* verdict) {
        go_on(here, id, [&](HttpWire& wire, Connection& found) { wire.take_verdict(here, found, admission, verdict); });
      });
  if (!is_asked) {
    return refuse(worker, connection, unavailable_reply("no backend is there that could say who may come in"));
  }
  wait(worker, connection, head_text);
}

void HttpWire::take_verdict(Worker& worker, Connection& connection, const Admission& shown,
                            const workers::Verdict* verdict) {
  const std::shared_ptr<Request> request = std::move(request_);
  if (verdict == nullptr) {
    return refuse(worker, connection, unavailable_reply("no backend said in time whether the client may come in"));
  }
  if (!verdict->allows) return refuse(worker, connection, refusal_reply(verdict->message, verdict->data));
  const auto admission = context_.authenticator.with_verdict(shown, *verdict);
  if (!admission) return refuse(worker, connection, http_reply(http_error(admission.error())));
  route_again(worker, connection, *request, *admission, false);
}

void HttpWire::prepare(Worker& worker, Connection& connection, NeedsRooms needs, std::string_view head_text) {
  wait(worker, connection, head_text);
  const auto shared = std::make_shared<const NeedsRooms>(std::move(needs));
  const auto ready = context_.preparations.prepare(
      worker, shared->name_space, shared->rooms, shared->since,
      [id = exchange_id(worker, connection), shared](Worker& here, const base::Status& status) {
        go_on(here, id, [&](HttpWire& wire, Connection& found) { wire.take_prepared(here, found, *shared, status); });
      });
  if (ready) take_prepared(worker, connection, *shared, *ready);
}

void HttpWire::take_prepared(Worker& worker, Connection& connection, const NeedsRooms& needs,
                             const base::Status& status) {
  const std::shared_ptr<Request> request = std::move(request_);
  if (!status) {
    HttpReply reply = scattered_unavailable_reply(status.error().detail, connection.slot());
    reply.headers += needs.headers;
    return refuse(worker, connection, std::move(reply));
  }
  const auto holds = context_.authenticator.still_holds(needs.admission);
  if (!holds) return refuse(worker, connection, http_reply(http_error(holds.error())));
  route_again(worker, connection, *request, needs.admission, true);
}

void HttpWire::route_again(Worker& worker, Connection& connection, const Request& request, const Admission& admission,
                           bool are_prepared) {
  if (request.drops_early) {
    return refuse(worker, connection,
                  http_reply(http_error(fail(Errc::bad_request, "more came behind the request than may wait"))));
  }
  // Its body, if it has one, is still to come.
  worker.arm(connection, worker.now() + worker.shortened(context_.options.handshake_seconds_max));
  // It was read once.
  const auto head = parse_head(request.text);
  const auto target = RequestTarget::parse(head->target);
  static_cast<void>(follow(worker, connection, *head,
                           route({worker, connection, context_, *head, *target, &admission, are_prepared}),
                           request.text));
}

}  // namespace sluice::gateway
