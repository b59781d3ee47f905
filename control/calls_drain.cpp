// Drain.

#include <algorithm>

#include "base/log.hpp"
#include "control/calls.hpp"
#include "control/calls_once.hpp"
#include "control/duration_field.hpp"
#include "control/share_kinds.hpp"

namespace sluice::control {

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
  using namespace std::chrono_literals;
  const auto* const given = request.has_report_every() ? &request.report_every() : nullptr;
  return duration_of("report_every", given, 100ms, 60s, watch.report_every);
}

// Of another node, what it said last: 0 if it has gone, but not before it says that it drains.
std::uint64_t Calls::connections_left(const DrainWatch& watch) const {
  if (watch.node == nodes_.own()) return parts_.pool.connections();
  const auto others = nodes_.peers().others();
  const auto peer = std::ranges::find(*others, watch.node, &workers::Peer::incarnation);
  if (peer == others->end()) return 0;
  return peer->load.is_draining ? peer->load.connections : std::max<std::uint64_t>(watch.connections_at_start, 1);
}

Outcome<Calls::DrainWatch> Calls::drain_here(const v1::DrainRequest& request) {
  using namespace std::chrono_literals;
  DrainWatch watch{.node = nodes_.own(), .report_every = 1s, .connections_at_start = parts_.pool.connections()};
  std::chrono::milliseconds over = parts_.facts.drain_over;
  const auto* const over_given = request.has_over() ? &request.over() : nullptr;
  if (auto problem = duration_of("over", over_given, 0ms, 1h, over)) return *std::move(problem);
  if (auto problem = report_every_of(request, watch)) return *std::move(problem);
  if (auto problem = translator_.reason(request.reason())) return *std::move(problem);

  Outcome<v1::DrainProgress> outcome = v1::DrainProgress();
  once<v1::DrainProgress>(
      {Method::drain, request.idempotency_key()}, request,
      [&outcome](Outcome<v1::DrainProgress> given) { outcome = std::move(given); },
      [&](const Answer<v1::DrainProgress>& done) {
        base::log_info("drain",
                       {{"by", "call"}, {"over_ms", over.count()}, {"connections", watch.connections_at_start}});
        parts_.on_drain();
        parts_.pool.stop_accepting();
        parts_.pool.drain(
            over, {workers::EndReason::draining, 1001, request.reason().empty() ? "draining" : request.reason()});
        done(v1::DrainProgress());
      });
  if (!outcome) return std::move(outcome.failure());
  return watch;
}

}  // namespace sluice::control
