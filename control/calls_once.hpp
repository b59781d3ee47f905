#pragma once
// Calls::once(), for the files that define calls with idempotency keys.

#include <string>
#include <utility>

#include "control/calls.hpp"

namespace sluice::control {

// Says why the call is not done now; `found` is neither nothing nor answer.
Failure refusal_of(Idempotency::Found found);

template <class Response>
void Calls::once(Idempotency::Key key, const google::protobuf::Message& request, const Answer<Response>& answer,
                 const std::function<void(const Answer<Response>&)>& run) {
  if (key.text.empty()) return run(answer);
  if (auto problem = translator_.idempotency_key(std::string(key.text))) return answer(*std::move(problem));
  const Idempotency::Begun begun = idempotency_.begin(key, request.SerializeAsString(), base::Clock::now());
  if (begun.found == Idempotency::Found::answer) {
    Response response;
    response.ParseFromString(begun.answer);
    return answer(std::move(response));
  }
  if (begun.found != Idempotency::Found::nothing) return answer(refusal_of(begun.found));
  run([this, method = key.method, text = std::string(key.text), answer](Outcome<Response> outcome) {
    const std::string bytes = outcome ? outcome->SerializeAsString() : std::string();
    idempotency_.finish({method, text}, outcome ? &bytes : nullptr, base::Clock::now());
    answer(std::move(outcome));
  });
}

}  // namespace sluice::control
