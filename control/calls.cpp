#include "control/calls.hpp"

#include <cstdio>

#include "control/calls_once.hpp"
#include "control/in_time.hpp"

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
      translator_(parts.pool.namespaces(), {.room_name_bytes_max = parts.facts.room_name_bytes_max,
                                            .publish_batch_max = parts.options.publish_batch_max,
                                            .list_page_max = parts.options.list_page_max}),
      idempotency_({.lifetime = parts.options.idempotency_seconds,
                    .keys_max = parts.options.idempotency_keys_max,
                    .bytes_max = parts.options.idempotency_bytes_max}) {}

std::vector<base::WorkerId> Calls::all_workers() const {
  std::vector<base::WorkerId> workers;
  for (std::size_t at = 0; at < parts_.pool.worker_count(); ++at)
    workers.push_back(base::WorkerId{static_cast<std::uint16_t>(at)});
  return workers;
}

GatherFrom Calls::from_all(base::TimePoint deadline) {
  return {parts_.pool, parts_.executor, all_workers(), soonest(deadline)};
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
