// JoinRooms, LeaveRooms and Disconnect: each node does its share, on it each worker, and the answer comes when all
// have.

#include <algorithm>
#include <utility>

#include "control/calls.hpp"
#include "control/calls_once.hpp"
#include "control/share_kinds.hpp"
#include "workers/commands.hpp"

namespace sluice::control {

namespace {

// What a worker is to do with whom. Shared by the jobs of all workers.
struct RoomsChange {
  workers::Target target;
  std::vector<workers::RoomKey> rooms;
};

struct EndingOrder {
  workers::Target target;
  workers::Ending ending;
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

void add_joined(const v1::JoinRoomsResponse& share, v1::JoinRoomsResponse& sum) {
  sum.set_matched(sum.matched() + share.matched());
  sum.set_changed(sum.changed() + share.changed());
  sum.set_refused(sum.refused() + share.refused());
}

void add_left(const v1::LeaveRoomsResponse& share, v1::LeaveRoomsResponse& sum) {
  sum.set_matched(sum.matched() + share.matched());
  sum.set_changed(sum.changed() + share.changed());
}

void add_ended(const v1::DisconnectResponse& share, v1::DisconnectResponse& sum) {
  sum.set_matched(sum.matched() + share.matched());
}

// Checks a JoinRooms or LeaveRooms and makes of it what the workers need.
template <class Request>
Problem order_of(const Translator& translator, const Request& request, RoomsChange& change) {
  if (!request.has_target()) return misfit("target", "set");
  if (auto problem = translator.target(request.target(), change.target)) return problem;
  return translator.changed_rooms(request.rooms(), change.rooms);
}

Problem order_of(const Translator& translator, const v1::DisconnectRequest& request, EndingOrder& order) {
  if (!request.has_target()) return misfit("target", "set");
  if (auto problem = translator.target(request.target(), order.target)) return problem;
  return translator.ending(request, order.ending);
}

}  // namespace

template <class Request, class Response>
void Calls::spread_once(Method method, const Spread<Request, Response>& how, const Request& request,
                        const Answer<Response>& answer) {
  once<Response>({method, request.idempotency_key()}, request, answer,
                 [&](const Answer<Response>& done) { spread(how, request, done); });
}

void Calls::join_rooms(const v1::JoinRoomsRequest& request, base::TimePoint deadline,
                       const Answer<v1::JoinRoomsResponse>& answer) {
  RoomsChange change;
  if (auto problem = order_of(translator_, request, change)) return answer(*std::move(problem));
  spread_once<v1::JoinRoomsRequest, v1::JoinRoomsResponse>(
      Method::join_rooms,
      {share_kinds::join_rooms, nodes_.reach_of(change.target, request.local()), deadline, &Calls::share_join_rooms,
       add_joined},
      request, answer);
}

void Calls::share_join_rooms(const v1::JoinRoomsRequest& request, base::TimePoint deadline,
                             const Answer<v1::JoinRoomsResponse>& answer) {
  auto change = std::make_shared<RoomsChange>();
  if (auto problem = order_of(translator_, request, *change)) return answer(*std::move(problem));
  once<v1::JoinRoomsResponse>(share_key(Method::join_rooms, request.idempotency_key()), request, answer,
                              [&](const Answer<v1::JoinRoomsResponse>& done) {
                                // Where nobody is meant, nothing of the rooms needs to come either.
                                if (!nodes_.is_alone() && !has_any(change->target))
                                  return done(v1::JoinRoomsResponse());
                                // Whoever is a member by the answer hears what is published then.
                                prepare({change->target.name_space, change->rooms}, deadline,
                                        [this, change, deadline, done](Problem problem) {
                                          if (problem) return done(*std::move(problem));
                                          join_prepared(change->target, change->rooms, deadline, done);
                                        });
                              });
}

bool Calls::has_any(const workers::Target& target) const {
  const workers::Sequencer& sequencer = std::as_const(parts_.pool).sequencer(target.name_space);
  const auto is_here = [this](const base::ConnectionId& id) { return id.incarnation == nodes_.own(); };
  const auto has_members = [&](const workers::RoomKey& key) { return sequencer.members(key) > 0; };
  return std::ranges::any_of(target.connections, is_here) || std::ranges::any_of(target.rooms, has_members);
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
  RoomsChange change;
  if (auto problem = order_of(translator_, request, change)) return answer(*std::move(problem));
  spread_once<v1::LeaveRoomsRequest, v1::LeaveRoomsResponse>(
      Method::leave_rooms,
      {share_kinds::leave_rooms, nodes_.reach_of(change.target, request.local()), deadline, &Calls::share_leave_rooms,
       add_left},
      request, answer);
}

void Calls::share_leave_rooms(const v1::LeaveRoomsRequest& request, base::TimePoint deadline,
                              const Answer<v1::LeaveRoomsResponse>& answer) {
  auto change = std::make_shared<RoomsChange>();
  if (auto problem = order_of(translator_, request, *change)) return answer(*std::move(problem));
  once<v1::LeaveRoomsResponse>(
      share_key(Method::leave_rooms, request.idempotency_key()), request, answer,
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
  EndingOrder order;
  if (auto problem = order_of(translator_, request, order)) return answer(*std::move(problem));
  spread_once<v1::DisconnectRequest, v1::DisconnectResponse>(
      Method::disconnect,
      {share_kinds::disconnect, nodes_.reach_of(order.target, request.local()), deadline, &Calls::share_disconnect,
       add_ended},
      request, answer);
}

void Calls::share_disconnect(const v1::DisconnectRequest& request, base::TimePoint deadline,
                             const Answer<v1::DisconnectResponse>& answer) {
  auto order = std::make_shared<EndingOrder>();
  if (auto problem = order_of(translator_, request, *order)) return answer(*std::move(problem));
  once<v1::DisconnectResponse>(
      share_key(Method::disconnect, request.idempotency_key()), request, answer,
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
