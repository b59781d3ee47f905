// EmitWithAck: each worker asks those that live on it.

#include <memory>
#include <utility>

#include "control/calls.hpp"
#include "control/duration_field.hpp"

namespace sluice::control {

Outcome<Calls::EmitWatch> Calls::emit_with_ack(const v1::EmitWithAckRequest& request,
                                               std::shared_ptr<const workers::OnAcknowledged> on_acknowledged,
                                               const Answer<std::vector<base::ConnectionId>>& answer) {
  v1::PublishRequest publish;
  if (request.has_target()) *publish.mutable_target() = request.target();
  if (request.has_payload()) *publish.mutable_payload() = request.payload();
  const auto message = std::make_shared<workers::Message>();
  if (auto problem = translator_.message(publish, *message)) return *std::move(problem);
  EmitWatch watch{std::chrono::seconds(5)};
  const auto* const timeout = request.has_timeout() ? &request.timeout() : nullptr;
  using namespace std::chrono_literals;
  if (auto problem = duration_of("timeout", timeout, 10ms, 3'600'000ms, watch.timeout)) return *std::move(problem);
  using Ids = std::vector<base::ConnectionId>;
  gather<Ids>(
      from_all(base::Clock::now() + wait_max),
      [message, on_acknowledged = std::move(on_acknowledged)](workers::Worker& worker) {
        return workers::ask(worker, *message, on_acknowledged);
      },
      [answer](Outcome<std::vector<Ids>> parts) {
        if (!parts) return answer(std::move(parts.failure()));
        Ids all;
        for (const Ids& part : *parts) all.insert(all.end(), part.begin(), part.end());
        answer(std::move(all));
      });
  return watch;
}

}  // namespace sluice::control
