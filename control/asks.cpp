#include "control/asks.hpp"

#include <utility>

#include "control/share_kinds.hpp"

namespace sluice::control {
namespace {

constexpr std::size_t asks_max = 10'000;  // that wait for answers at a time

void add(const v1::Asked& share, v1::Asked& sum) { sum.set_connections(sum.connections() + share.connections()); }

}  // namespace

Asks::Asks(const Parts& parts) : parts_(parts) {
  parts_.calls.node_shares().serve<v1::Ask, v1::Asked>(
      share_kinds::ask,
      [this](const v1::Ask& request, base::TimePoint, const Answer<v1::Asked>& answer) { ask_here(request, answer); });
}

void Asks::ask(const v1::Ask& request, const Answer<v1::Asked>& answer) {
  if (request.number() == 0) return answer(misfit("ask.number", "a number other than 0"));
  workers::Target target;
  if (auto problem = parts_.calls.translator().target(request.target(), target)) {
    return answer(inside("ask.", *std::move(problem)));
  }
  const NodeShares& nodes = parts_.calls.node_shares();
  const Reach reach = nodes.reach_of(target, false);
  const DoShare<v1::Ask, v1::Asked> ask_own = [this](const v1::Ask& own, base::TimePoint,
                                                     const Answer<v1::Asked>& done) { ask_here(own, done); };
  nodes.gather<v1::Ask, v1::Asked>(
      reach, share_kinds::ask, request, base::Clock::now() + Calls::wait_max, ask_own,
      [answer](Shares<v1::Asked> shares) { answer(sum_of<v1::Asked>(std::move(shares), add)); });
}

void Asks::ask_here(const v1::Ask& request, const Answer<v1::Asked>& answer) {
  if (held_.size() >= asks_max) {
    return answer(try_again(base::Errc::exhausted, "10,000 asks wait for answers", std::chrono::milliseconds(100)));
  }
  base::NamespaceId name_space;
  if (auto problem =
          parts_.calls.translator().name_space("ask.target.namespace", request.target().namespace_(), name_space)) {
    return answer(*std::move(problem));
  }
  v1::EmitWithAckRequest emit;
  emit.set_local(true);
  if (request.has_target()) *emit.mutable_target() = request.target();
  if (request.has_payload()) *emit.mutable_payload() = request.payload();
  if (request.has_timeout()) *emit.mutable_timeout() = request.timeout();
  const OnAcknowledged on_acknowledged = teller(name_space, request.number());
  const auto watch =
      parts_.calls.emit_with_ack(emit, on_acknowledged, [answer](const Outcome<Calls::EmitAsked>& asked) {
        if (!asked) return answer(asked.failure());
        v1::Asked got;
        got.set_connections(static_cast<std::uint32_t>(asked->connections.size()));
        answer(std::move(got));
      });
  if (!watch) return answer(inside("ask.", watch.failure()));
  held_.emplace(base::Clock::now() + watch->timeout, on_acknowledged);
  let_go();
}

// Answers are events like any other: whoever takes over from the replica that has asked is told of them, too.
Asks::OnAcknowledged Asks::teller(base::NamespaceId name_space, std::uint64_t number) const {
  return std::make_shared<const workers::OnAcknowledged>(
      [&hub = parts_.hub, name_space, number](workers::Acknowledgement given) {
        workers::ClientEvent event;
        event.kind = workers::ClientEvent::Kind::acknowledged;
        event.connection = given.connection;
        event.name_space = name_space;
        event.protocol = given.protocol;
        event.session = std::move(given.session);
        event.ask = number;
        auto message = std::make_shared<workers::Message>();
        message->kind = workers::DataKind::arguments;
        message->data = std::move(given.arguments);
        message->attachments = std::move(given.attachments);
        event.message = std::move(message);
        static_cast<void>(hub.offer(std::move(event)));
      });
}

// They are waited for as long as was said, and no longer.
void Asks::let_go() {
  held_.erase(held_.begin(), held_.upper_bound(base::Clock::now()));
  timer_.reset();
  if (!held_.empty()) timer_ = parts_.executor.at(held_.begin()->first, [this] { let_go(); });
}

}  // namespace sluice::control
