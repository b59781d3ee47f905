#include "gateway/entrance.hpp"

#include <utility>

namespace sluice::gateway {

using base::Errc;
using base::fail;
using workers::Connection;
using workers::Worker;

base::Result<ClientCounts::Place> count_client(WorkerContext& context, Worker& worker, const Connection& connection) {
  if (worker.refuses_clients()) return fail(Errc::exhausted, "the gateway has too much to do; come back later");
  return count_address(context, worker, connection);
}

base::Result<ClientCounts::Place> count_address(WorkerContext& context, Worker& worker, const Connection& connection) {
  auto place = context.counts.take_address(worker, connection);
  if (!place) context.metrics.limit(workers::ClientLimit::address).add();
  return place;
}

base::Status count_user(WorkerContext& context, Admission& admission) {
  auto place = context.counts.take_user(admission.user);
  if (!place) {
    context.metrics.limit(workers::ClientLimit::user).add();
    return place.error();
  }
  hold(admission, *std::move(place));
  return base::ok();
}

base::Result<Admission> admit_by_token(WorkerContext& context, Worker& worker, const Connection& connection,
                                       const std::optional<std::string>& token) {
  // Before any token costs anything.
  auto place = count_client(context, worker, connection);
  if (!place) return place.error();
  Authenticator& authenticator = context.authenticator;
  const bool is_shown = token && authenticator.knows_tokens();
  auto admission = is_shown ? authenticator.of_token(*token) : authenticator.of_nobody();
  if (admission) hold(*admission, *std::move(place));
  return admission;
}

namespace {

void forget_unless_announced(Worker& worker, std::uint32_t slot, std::uint32_t generation) {
  const Connection* const still = worker.find_open(slot, generation);
  if (still == nullptr || !still->is_announced()) {
    worker.forget_verdict({worker.incarnation(), worker.id(), slot, generation});
  }
}

// What a verdict makes of a client.
base::Result<Admission> judged(WorkerContext& context, const Admission& shown, const workers::Verdict* verdict) {
  if (verdict == nullptr) return fail(Errc::unavailable, "no backend said in time whether the client may come in");
  if (!verdict->allows) return fail(Errc::forbidden, verdict->message);
  return context.authenticator.with_verdict(shown, *verdict);
}

// The last of it, for whoever may come in.
base::Result<Admission> counted(WorkerContext& context, base::Result<Admission> admission) {
  if (!admission) return admission;
  if (const auto status = count_user(context, *admission); !status) return status.error();
  return admission;
}

}  // namespace

void enter(WorkerContext& context, Worker& worker, Connection& connection, const Arrival& arrival, Entered then) {
  auto admission = admit_by_token(context, worker, connection, arrival.token);
  if (!admission || context.options.connect_verdict == ConnectVerdict::none) {
    then(worker, connection, counted(context, std::move(admission)));
    return;
  }
  if (!context.namespaces.allows(arrival.name_space)) {
    then(worker, connection, fail(Errc::not_found, "there is no such namespace"));
    return;
  }
  const std::uint32_t slot = connection.slot(), generation = connection.generation();
  workers::VerdictQuestion question{arrival.protocol, arrival.name_space, admission->user, {}, false};
  auto shared = std::make_shared<Entered>(std::move(then));
  const auto take = [&context, slot, generation, shown = *std::move(admission), shared](
                        Worker& here, const workers::Verdict* verdict) {
    bool is_coming = false;
    if (Connection* const found = here.find_open(slot, generation)) {
      here.run_for(*found,
                   [&] { is_coming = (*shared)(here, *found, counted(context, judged(context, shown, verdict))); });
    }
    if (!is_coming) forget_unless_announced(here, slot, generation);
  };
  if (context.verdicts.ask(worker, connection, std::move(question), take)) return;
  (*shared)(worker, connection, fail(Errc::unavailable, "no backend is there that could say who may come in"));
}

std::optional<base::Status> prepare(WorkerContext& context, Worker& worker, const Connection& connection,
                                    const RoomsWish& wish, Prepared then) {
  if (worker.is_covered(wish.name_space, wish.rooms, wish.since)) return base::ok();
  const auto take = [slot = connection.slot(), generation = connection.generation(),
                     was_announced = connection.is_announced(),
                     then = std::move(then)](Worker& here, const base::Status& status) {
    if (Connection* const found = here.find_open(slot, generation)) {
      here.run_for(*found, [&] { then(here, *found, status); });
    }
    if (!was_announced) forget_unless_announced(here, slot, generation);
  };
  return context.preparations.prepare(worker, wish.name_space, wish.rooms, wish.since, take);
}

}  // namespace sluice::gateway
