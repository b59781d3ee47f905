// EmitWithAck: each node asks, worker by worker, those that live on it.

#include <memory>
#include <utility>

#include "control/calls.hpp"
#include "control/duration_field.hpp"
#include "control/share_kinds.hpp"

namespace sluice::control {

namespace {

Calls::EmitAsked sum_of(Shares<cluster::v1::EmitAsked> shares) {
  Calls::EmitAsked sum;
  for (auto& share : shares) {
    if (share.outcome) {
      sum.connections.insert(sum.connections.end(), std::make_move_iterator(share.outcome->connections().begin()),
                             std::make_move_iterator(share.outcome->connections().end()));
    } else {
      show_silent(share, sum.silent_nodes.emplace_back());
    }
  }
  return sum;
}

}  // namespace

// What is asked, once it is checked.
struct Calls::Emit {
  workers::Message message;
  EmitWatch watch{std::chrono::seconds(5)};
};

Problem Calls::emit_of(const v1::EmitWithAckRequest& request, Emit& emit) const {
  v1::PublishRequest publish;
  if (request.has_target()) *publish.mutable_target() = request.target();
  if (request.has_payload()) *publish.mutable_payload() = request.payload();
  if (auto problem = translator_.message(publish, emit.message)) return problem;
  const auto* const timeout = request.has_timeout() ? &request.timeout() : nullptr;
  using namespace std::chrono_literals;
  return duration_of("timeout", timeout, 10ms, 3'600'000ms, emit.watch.timeout);
}

Outcome<Calls::EmitWatch> Calls::emit_with_ack(const v1::EmitWithAckRequest& request,
                                               std::shared_ptr<const workers::OnAcknowledged> on_acknowledged,
                                               const Answer<EmitAsked>& answer) {
  const auto emit = std::make_shared<Emit>();
  if (auto problem = emit_of(request, *emit)) return *std::move(problem);
  cluster::v1::EmitShare share;
  *share.mutable_request() = request;
  share.set_node(nodes_.own());
  const Reach reach = nodes_.reach_of(emit->message.target, request.local());
  if (!reach.is_here_alone()) share.set_number(emits_.expect(on_acknowledged));
  const DoShare<cluster::v1::EmitShare, cluster::v1::EmitAsked> ask_own =
      [this, emit, on_acknowledged = std::move(on_acknowledged)](const auto&, base::TimePoint,
                                                                 const Answer<cluster::v1::EmitAsked>& done) {
        ask_sockets(emit, on_acknowledged, done);
      };
  // Who does not say in time whom it asked is left out before the answers are summed up.
  const base::TimePoint deadline = base::Clock::now() + std::min<base::Duration>(wait_max, emit->watch.timeout);
  nodes_.gather<cluster::v1::EmitShare, cluster::v1::EmitAsked>(
      reach, share_kinds::emit, share, deadline, ask_own, [answer](Shares<cluster::v1::EmitAsked> shares) {
        const bool is_any = std::ranges::any_of(shares, [](const auto& one) { return static_cast<bool>(one.outcome); });
        if (is_any) return answer(sum_of(std::move(shares)));
        answer(failure_of(shares.front()));
      });
  return emit->watch;
}

void Calls::share_emit(const cluster::v1::EmitShare& share, base::TimePoint,
                       const Answer<cluster::v1::EmitAsked>& answer) {
  const auto emit = std::make_shared<Emit>();
  if (auto problem = emit_of(share.request(), *emit)) return answer(*std::move(problem));
  const auto teller = emits_.hold(share.node(), share.number(), base::Clock::now() + emit->watch.timeout);
  if (!teller) {
    return answer(try_again(base::Errc::exhausted, "too many answers are awaited for other nodes",
                            std::chrono::milliseconds(100)));
  }
  ask_sockets(emit, teller, answer);
}

void Calls::ask_sockets(const std::shared_ptr<const Emit>& emit,
                        const std::shared_ptr<const workers::OnAcknowledged>& on_acknowledged,
                        const Answer<cluster::v1::EmitAsked>& answer) {
  using Ids = std::vector<base::ConnectionId>;
  gather<Ids>(
      from_all(base::Clock::now() + wait_max),
      [emit, on_acknowledged](workers::Worker& worker) { return workers::ask(worker, emit->message, on_acknowledged); },
      [answer](Outcome<std::vector<Ids>> parts) {
        if (!parts) return answer(std::move(parts.failure()));
        cluster::v1::EmitAsked asked;
        for (const Ids& part : *parts) {
          for (const base::ConnectionId& id : part) asked.add_connections(id.text());
        }
        answer(std::move(asked));
      });
}

}  // namespace sluice::control
