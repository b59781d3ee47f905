#include "gateway/preparations.hpp"

#include <utility>
#include <vector>

#include "workers/worker.hpp"

namespace sluice::gateway {

using workers::PreparationKind;

namespace {

// Whatever was wrong: the client comes back.
base::Status told(workers::Worker& worker, const base::Status& status) {
  worker.metrics().preparation(status ? PreparationKind::ready : PreparationKind::failed).add();
  return status ? base::ok() : base::Status(base::fail(base::Errc::unavailable, status.error().detail));
}

}  // namespace

std::optional<base::Status> Preparations::prepare(workers::Worker& worker, base::NamespaceId name_space,
                                                  std::span<const workers::RoomKey> rooms,
                                                  std::optional<base::Position> since, Then then) {
  if (worker.is_covered(name_space, rooms, since)) return base::ok();
  const std::uint64_t number = waiting_.new_number();
  const auto ready =
      worker.prepare(name_space, {rooms.begin(), rooms.end()}, since,
                     [this, number](workers::Worker& here, const base::Status& status) { take(here, number, status); });
  if (ready) return told(worker, *ready);
  waiting_.add(number, std::move(then), worker.now());
  return std::nullopt;
}

void Preparations::take(workers::Worker& worker, std::uint64_t number, const base::Status& status) {
  if (const auto then = waiting_.take(number)) (*then)(worker, told(worker, status));
}

void Preparations::expire(workers::Worker& worker) {
  while (const auto then = waiting_.take_late(worker.now())) {
    worker.metrics().preparation(PreparationKind::late).add();
    (*then)(worker, base::fail(base::Errc::unavailable, "the messages of its rooms could not be had in time"));
  }
}

}  // namespace sluice::gateway
