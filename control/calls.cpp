#include "control/calls.hpp"

#include "control/calls_once.hpp"
#include "control/in_time.hpp"
#include "control/share_kinds.hpp"

namespace sluice::control {
namespace {

constexpr std::chrono::seconds rooms_retry{1};

}  // namespace

Failure refusal_of(Idempotency::Found found) {
  if (found == Idempotency::Found::different) {
    Failure failure = misfit("idempotency_key", "new, as it was used for a different request");
    failure.code = base::Errc::already_exists;
    return failure;
  }
  if (found == Idempotency::Found::full)
    return try_again(base::Errc::exhausted, "too many calls with idempotency keys are under way",
                     std::chrono::seconds(1));
  return try_again(base::Errc::unavailable, "the call with this idempotency key is still under way",
                   std::chrono::milliseconds(100));
}

Calls::Calls(const Parts& parts)
    : parts_(parts),
      nodes_({parts.peers, parts.executor, parts.pool.incarnation(), parts.facts.node}),
      emits_(parts.peers, parts.executor),
      access_({parts.peers.shared_values(), parts.executor, parts.revocations,
               [this](const SharedAccess::Entry& entry) {
                 end_those(entry, base::Clock::now() + wait_max, [](const auto&) {});
               },
               [this] { return nodes_.first_from(0) == nodes_.own(); }}),
      translator_(parts.pool.namespaces(), {.room_name_bytes_max = parts.facts.room_name_bytes_max,
                                            .publish_batch_max = parts.options.publish_batch_max,
                                            .list_page_max = parts.options.list_page_max}),
      idempotency_({.lifetime = parts.options.idempotency_seconds,
                    .keys_max = parts.options.idempotency_keys_max,
                    .bytes_max = parts.options.idempotency_bytes_max}) {
  serve_shares();
}

void Calls::serve_shares() {
  const auto serve = [this]<class Request, class Response>(std::string_view kind, Call<Request, Response> share) {
    nodes_.serve<Request, Response>(kind, share_of(share));
  };
  serve(share_kinds::join_rooms, &Calls::share_join_rooms);
  serve(share_kinds::leave_rooms, &Calls::share_leave_rooms);
  serve(share_kinds::disconnect, &Calls::share_disconnect);
  serve(share_kinds::get_connection, &Calls::share_get_connection);
  serve(share_kinds::list_connections, &Calls::share_list_connections);
  serve(share_kinds::list_rooms, &Calls::share_list_rooms);
  serve(share_kinds::presence_count, &Calls::share_presence_count);
  serve(share_kinds::presence_page, &Calls::share_presence_page);
  serve(share_kinds::emit, &Calls::share_emit);
  serve(share_kinds::get_node, &Calls::share_get_node);
  serve(share_kinds::drain, &Calls::share_drain);
  serve(share_kinds::undrain, &Calls::share_undrain);
  serve(share_kinds::shed, &Calls::share_shed);
  serve(share_kinds::access_change, &Calls::share_access_change);
  serve(share_kinds::reply, &Calls::share_reply);
  serve(share_kinds::verdict, &Calls::share_judge);
  nodes_.hear<cluster::v1::EmitAcknowledged>(share_kinds::emit_acknowledged,
                                             [this](const auto& told) { emits_.take(told); });
  parts_.peers.watch([this, post = parts_.executor.poster()](const workers::PeerChange& change) {
    post([this, change] { node_changes_.tell(change); });
  });
}

std::vector<base::WorkerId> Calls::all_workers() const {
  std::vector<base::WorkerId> workers;
  for (std::size_t at = 0; at < parts_.pool.worker_count(); ++at)
    workers.push_back(base::WorkerId{static_cast<std::uint16_t>(at)});
  return workers;
}

GatherFrom Calls::from_all(base::TimePoint deadline) {
  return {parts_.pool, parts_.executor, all_workers(), soonest(deadline)};
}

GatherFrom Calls::from_first(base::TimePoint deadline) {
  return {parts_.pool, parts_.executor, {base::WorkerId{}}, soonest(deadline)};
}

void Calls::prepare(const RoomsWish& wish, base::TimePoint deadline, const std::function<void(Problem)>& then) {
  const auto told = [then](const Outcome<base::Nothing>& outcome) { then(outcome ? Problem() : outcome.failure()); };
  const auto outcome_of = [](const base::Status& status) -> Outcome<base::Nothing> {
    if (status) return base::Nothing{};
    return try_again(base::Errc::unavailable, status.error().detail, rooms_retry);
  };
  std::shared_ptr<InTime<base::Nothing>> waiting;
  workers::Broker::OnPrepared later;
  if (answers_later()) {
    waiting = std::make_shared<InTime<base::Nothing>>(told);
    later = [waiting, outcome_of, post = parts_.executor.poster()](const base::Status& status) {
      post([waiting, outcome = outcome_of(status)] { waiting->give(outcome); });
    };
  }
  const auto ready = parts_.pool.prepare(wish.name_space, wish.rooms, wish.since, std::move(later));
  if (ready) return told(outcome_of(*ready));
  parts_.executor.post([&executor = parts_.executor, waiting, until = soonest(deadline)] {
    InTime<base::Nothing>::limit(waiting, executor, until, [] {
      return try_again(base::Errc::unavailable, "the messages of the rooms could not be had in time", rooms_retry);
    });
  });
}

ConnectionPlace Calls::place_of(const workers::ConnectionInfo& connection) const {
  return {parts_.pool.namespaces().name_of(connection.name_space), parts_.facts.node, std::chrono::system_clock::now()};
}

}  // namespace sluice::control
