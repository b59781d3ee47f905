// JoinRooms, LeaveRooms and Disconnect: each worker does its share, and the answer comes when all have.

#include <utility>

#include "control/calls.hpp"
#include "control/calls_once.hpp"
#include "workers/commands.hpp"

namespace sluice::control {

namespace {

// What a worker is to do with whom. Shared by the jobs of all workers.
struct RoomsChange {
  workers::Target target;
  std::vector<workers::RoomKey> rooms;
};

workers::Changed sum_of(const std::vector<workers::Changed>& parts) {
  workers::Changed sum;
  for (const workers::Changed& part : parts) {
    sum.matched += part.matched;
    sum.changed += part.changed;
    sum.refused += part.refused;
  }
  return sum;
}

// Checks a JoinRooms or LeaveRooms and makes of it what the workers need.
template <class Request>
Problem change_of(const Translator& translator, const Request& request, RoomsChange& change) {
  if (!request.has_target()) return misfit("target", "set");
  if (auto problem = translator.target(request.target(), change.target)) return problem;
  return translator.changed_rooms(request.rooms(), change.rooms);
}

}  // namespace

void Calls::join_rooms(const v1::JoinRoomsRequest& request, base::TimePoint deadline,
                       const Answer<v1::JoinRoomsResponse>& answer) {
  auto change = std::make_shared<RoomsChange>();
  if (auto problem = change_of(translator_, request, *change)) return answer(*std::move(problem));
  once<v1::JoinRoomsResponse>(
      {Method::join_rooms, request.idempotency_key()}, request, answer, [&](const Answer<v1::JoinRoomsResponse>& done) {
        // Whoever is a member by the answer hears what is published then.
        prepare({change->target.name_space, change->rooms}, deadline, [this, change, deadline, done](Problem problem) {
          if (problem) return done(*std::move(problem));
          join_prepared(change->target, change->rooms, deadline, done);
        });
      });
}

void Calls::join_prepared(const workers::Target& target, const std::vector<workers::RoomKey>& rooms,
                          base::TimePoint deadline, const Answer<v1::JoinRoomsResponse>& answer) {
  gather<workers::Changed>(
      from_all(deadline),
      [target, rooms](workers::Worker& worker) { return workers::join_rooms(worker, target, rooms); },
      [answer](Outcome<std::vector<workers::Changed>> parts) {
        if (!parts) return answer(std::move(parts.failure()));
        const workers::Changed sum = sum_of(*parts);
        v1::JoinRoomsResponse response;
        response.set_matched(count_of(sum.matched));
        response.set_changed(count_of(sum.changed));
        response.set_refused(count_of(sum.refused));
        answer(std::move(response));
      });
}

void Calls::leave_rooms(const v1::LeaveRoomsRequest& request, base::TimePoint deadline,
                        const Answer<v1::LeaveRoomsResponse>& answer) {
  auto change = std::make_shared<RoomsChange>();
  if (auto problem = change_of(translator_, request, *change)) return answer(*std::move(problem));
  once<v1::LeaveRoomsResponse>(
      {Method::leave_rooms, request.idempotency_key()}, request, answer,
      [&](const Answer<v1::LeaveRoomsResponse>& done) {
        gather<workers::Changed>(
            from_all(deadline),
            [change](workers::Worker& worker) { return workers::leave_rooms(worker, change->target, change->rooms); },
            [done](Outcome<std::vector<workers::Changed>> parts) {
              if (!parts) return done(std::move(parts.failure()));
              const workers::Changed sum = sum_of(*parts);
              v1::LeaveRoomsResponse response;
              response.set_matched(count_of(sum.matched));
              response.set_changed(count_of(sum.changed));
              done(std::move(response));
            });
      });
}

void Calls::disconnect(const v1::DisconnectRequest& request, base::TimePoint deadline,
                       const Answer<v1::DisconnectResponse>& answer) {
  struct Order {
    workers::Target target;
    workers::Ending ending;
  };
  auto order = std::make_shared<Order>();
  if (!request.has_target()) return answer(misfit("target", "set"));
  if (auto problem = translator_.target(request.target(), order->target)) return answer(*std::move(problem));
  if (auto problem = translator_.ending(request, order->ending)) return answer(*std::move(problem));
  once<v1::DisconnectResponse>(
      {Method::disconnect, request.idempotency_key()}, request, answer,
      [&](const Answer<v1::DisconnectResponse>& done) {
        gather<std::uint64_t>(
            from_all(deadline),
            [order](workers::Worker& worker) { return workers::disconnect(worker, order->target, order->ending); },
            [done](Outcome<std::vector<std::uint64_t>> parts) {
              if (!parts) return done(std::move(parts.failure()));
              v1::DisconnectResponse response;
              response.set_matched(count_of(sum_of(*parts)));
              done(std::move(response));
            });
      });
}

}  // namespace sluice::control
