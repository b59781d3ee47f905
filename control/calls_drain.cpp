// Drain, Undrain and Shed.

#include <algorithm>

#include "base/log.hpp"
#include "control/calls.hpp"
#include "control/calls_once.hpp"
#include "control/duration_field.hpp"
#include "control/share_kinds.hpp"
#include "workers/commands.hpp"

namespace sluice::control {

using namespace std::chrono_literals;

namespace {

// As browsers are told from the start (SSE).
constexpr std::chrono::milliseconds return_within_usual{3'000};
constexpr const char* about_to_end = "the process is about to end";

// What Drain and Shed have in common; `usual` is what clients are told unless the request has a reason.
template <class Request>
Problem end_wish_of(const Translator& translator, const Request& request, const workers::Ending& usual,
                    workers::DrainWish& wish) {
  const auto* const within = request.has_return_within() ? &request.return_within() : nullptr;
  if (auto problem = duration_of("return_within", within, 0ms, 1h, wish.return_within)) return problem;
  if (auto problem = translator.reason(request.reason())) return problem;
  if (!v1::DrainOrder_IsValid(request.order())) return misfit("order", "one that the schema names");
  wish.order = static_cast<workers::DrainOrder>(request.order());
  wish.ending = usual;
  if (!request.reason().empty()) wish.ending.text = request.reason();
  return {};
}

using Statuses = Outcome<std::vector<base::Status>>;

// What the first worker that could not do it says.
Problem problem_of(const Statuses& statuses) {
  if (!statuses) return statuses.failure();
  for (const base::Status& status : *statuses) {
    if (!status) return failure_of(status.error());
  }
  return {};
}

}  // namespace

void Calls::drain(const v1::DrainRequest& request, const Answer<DrainWatch>& answer) {
  const auto node = nodes_.find(request.node());
  if (!node) return answer(node.failure());
  if (*node == nodes_.own()) return answer(drain_here(request));
  DrainWatch watch{.node = *node, .report_every = std::chrono::seconds(1)};
  if (auto problem = report_every_of(request, watch)) return answer(*std::move(problem));
  nodes_.ask_one<v1::DrainProgress>(*node, share_kinds::drain, request, base::Clock::now() + wait_max,
                                    [watch, answer](Outcome<v1::DrainProgress> began) mutable {
                                      if (!began) return answer(std::move(began.failure()));
                                      watch.connections_at_start = began->connections_at_start();
                                      answer(watch);
                                    });
}

void Calls::share_drain(const v1::DrainRequest& request, base::TimePoint, const Answer<v1::DrainProgress>& answer) {
  auto watch = drain_here(request);
  if (!watch) return answer(std::move(watch.failure()));
  v1::DrainProgress began;
  began.set_connections_at_start(count_of(watch->connections_at_start));
  answer(std::move(began));
}

Problem Calls::report_every_of(const v1::DrainRequest& request, DrainWatch& watch) {
  const auto* const given = request.has_report_every() ? &request.report_every() : nullptr;
  return duration_of("report_every", given, 100ms, 60s, watch.report_every);
}

// Of another node, what it said last: 0 if it has gone, but not before it says that it drains.
Calls::DrainState Calls::drain_state(DrainWatch& watch) const {
  if (watch.node == nodes_.own()) {
    return {parts_.pool.connections(), parts_.pool.drain_left(), !parts_.pool.is_draining()};
  }
  const auto others = nodes_.peers().others();
  const auto peer = std::ranges::find(*others, watch.node, &workers::Peer::incarnation);
  if (peer == others->end()) return {};
  const bool is_draining = peer->load.is_draining, is_off = watch.has_drained && !is_draining;
  watch.has_drained = watch.has_drained || is_draining;
  if (is_draining) return {.connections = peer->load.connections};
  return {.connections = std::max<std::uint64_t>(watch.connections_at_start, 1), .is_off = is_off};
}

Problem Calls::drain_wish_of(const v1::DrainRequest& request, std::uint64_t connections,
                             workers::DrainWish& wish) const {
  const bool has_over = request.has_over();
  wish = {.over = parts_.facts.drain_over, .ending = {}, .return_within = return_within_usual};
  if (auto problem = duration_of("over", has_over ? &request.over() : nullptr, 0ms, 1h, wish.over)) return problem;
  if (request.per_second() != 0) {
    if (has_over) return misfit("per_second", "0 where over is set, as the one makes the other");
    wish.over = std::chrono::milliseconds(connections * 1000 / request.per_second());
  }
  if (request.has_deadline()) {
    std::chrono::milliseconds deadline{0};
    if (auto problem = duration_of("deadline", &request.deadline(), 0ms, 24h, deadline)) return problem;
    if (has_over && deadline < wish.over) return misfit("deadline", "not before over has passed");
    wish.over = std::min(wish.over, deadline);
    wish.deadline = deadline;
  }
  return end_wish_of(translator_, request, {workers::EndReason::draining, 1001, "draining"}, wish);
}

Outcome<Calls::DrainWatch> Calls::drain_here(const v1::DrainRequest& request) {
  DrainWatch watch{.node = nodes_.own(), .report_every = 1s, .connections_at_start = parts_.pool.connections()};
  workers::DrainWish wish;
  if (auto problem = drain_wish_of(request, watch.connections_at_start, wish)) return *std::move(problem);
  if (auto problem = report_every_of(request, watch)) return *std::move(problem);

  Outcome<v1::DrainProgress> outcome = v1::DrainProgress();
  once<v1::DrainProgress>(
      {Method::drain, request.idempotency_key()}, request,
      [&outcome](Outcome<v1::DrainProgress> given) { outcome = std::move(given); },
      [&](const Answer<v1::DrainProgress>& done) {
        base::log_info("drain", {{"by", "call"},
                                 {"over_ms", wish.over.count()},
                                 {"order", workers::drain_order_names[static_cast<std::size_t>(wish.order)]},
                                 {"connections", watch.connections_at_start}});
        ++drains_;
        is_last_drain_ = true;
        parts_.set_ready(false);
        parts_.pool.stop_accepting(workers::Pool::Stop::for_now);
        parts_.pool.drain(wish);
        done(v1::DrainProgress());
      });
  if (!outcome) return std::move(outcome.failure());
  return watch;
}

// --- Undrain ---

void Calls::undrain(const v1::UndrainRequest& request, base::TimePoint deadline,
                    const Answer<v1::UndrainResponse>& answer) {
  at_node(share_kinds::undrain, &Calls::share_undrain, request, deadline, answer);
}

// First one worker looks for all whether they may listen: as they have the same addresses, several that look at once
// would find each other there. Then all listen; if one cannot, the node goes on draining.
void Calls::share_undrain(const v1::UndrainRequest&, base::TimePoint deadline,
                          const Answer<v1::UndrainResponse>& answer) {
  parts_.executor.post([this, deadline, answer] {
    const std::uint64_t number = ++drains_;
    is_last_drain_ = false;
    if (parts_.pool.is_leaving()) return answer(Failure{base::Errc::unavailable, about_to_end});
    if (!parts_.pool.is_draining()) {
      parts_.pool.undrain();
      return answer(v1::UndrainResponse());
    }
    const auto refuse = [this, number, answer](Failure failure) {
      // Another Undrain that came meanwhile sees to this itself.
      if (number == drains_ || is_last_drain_) parts_.pool.stop_accepting(workers::Pool::Stop::for_now);
      answer(std::move(failure));
    };
    gather<base::Status>(from_first(deadline), workers::may_listen, [=, this](const Statuses& may) {
      if (auto problem = problem_of(may)) return answer(*std::move(problem));
      gather<base::Status>(from_all(deadline), workers::listen_again, [=, this](const Statuses& listens) {
        if (auto problem = problem_of(listens)) return refuse(*std::move(problem));
        if (number != drains_) return refuse({base::Errc::unavailable, "another call came meanwhile"});
        finish_undrain(answer);
      });
    });
  });
}

void Calls::finish_undrain(const Answer<v1::UndrainResponse>& answer) {
  if (parts_.pool.is_leaving()) return answer(Failure{base::Errc::unavailable, about_to_end});
  base::log_info("undrained", {{"by", "call"}, {"connections", parts_.pool.connections()}});
  parts_.pool.undrain();
  parts_.set_ready(true);
  v1::UndrainResponse response;
  response.set_was_draining(true);
  answer(std::move(response));
}

// --- Shed ---

void Calls::shed(const v1::ShedRequest& request, base::TimePoint deadline, const Answer<v1::ShedResponse>& answer) {
  at_node(share_kinds::shed, &Calls::share_shed, request, deadline, answer);
}

void Calls::share_shed(const v1::ShedRequest& request, base::TimePoint deadline,
                       const Answer<v1::ShedResponse>& answer) {
  const double percent = request.percent();
  workers::DrainWish wish{.over = parts_.facts.drain_over, .ending = {}, .return_within = return_within_usual};
  if (!(percent > 0 && percent <= 100)) return answer(misfit("percent", "above 0 and at most 100"));
  const auto* const over = request.has_over() ? &request.over() : nullptr;
  if (auto problem = duration_of("over", over, 0ms, 1h, wish.over)) return answer(*std::move(problem));
  const workers::Ending usual{workers::EndReason::shed, 1001, "shedding load"};
  if (auto problem = end_wish_of(translator_, request, usual, wish)) return answer(*std::move(problem));
  if (parts_.pool.is_draining()) {
    return answer(Failure{base::Errc::unavailable, "the node drains, which ends all connections"});
  }
  once<v1::ShedResponse>(
      {Method::shed, request.idempotency_key()}, request, answer, [&](const Answer<v1::ShedResponse>& done) {
        base::log_info("shed", {{"by", "call"}, {"percent", percent}, {"over_ms", wish.over.count()}});
        gather<std::uint64_t>(
            from_all(deadline),
            [wish, percent](workers::Worker& worker) { return workers::shed(worker, wish, percent); },
            [done](Outcome<std::vector<std::uint64_t>> parts) {
              if (!parts) return done(std::move(parts.failure()));
              v1::ShedResponse response;
              response.set_connections(count_of(sum_of(*parts)));
              done(std::move(response));
            });
      });
}

}  // namespace sluice::control
