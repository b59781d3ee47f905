#pragma once
// Calls::once(), for the files that define calls with idempotency keys.

#include <optional>
#include <string>
#include <utility>

#include "control/calls.hpp"

namespace sluice::control {

// Says why the call is not done now; `found` is neither nothing nor answer.
Failure refusal_of(Idempotency::Found found);

template <class Response>
std::optional<Outcome<Response>> Calls::begin_once(const Idempotency::Key& key,
                                                   const google::protobuf::Message& request) {
  if (auto problem = translator_.idempotency_key(std::string(key.text))) return *std::move(problem);
  const Idempotency::Begun begun = idempotency_.begin(key, request.SerializeAsString(), base::Clock::now());
  if (begun.found == Idempotency::Found::nothing) return std::nullopt;
  if (begun.found != Idempotency::Found::answer) return refusal_of(begun.found);
  Response response;
  response.ParseFromString(begun.answer);
  return response;
}

template <class Response>
void Calls::finish_once(const Idempotency::Key& key, const Outcome<Response>& outcome) {
  const std::string bytes = outcome ? outcome->SerializeAsString() : std::string();
  idempotency_.finish(key, outcome ? &bytes : nullptr, base::Clock::now());
}

template <class Response>
void Calls::once(Idempotency::Key key, const google::protobuf::Message& request, const Answer<Response>& answer,
                 const std::function<void(const Answer<Response>&)>& run) {
  if (key.text.empty()) return run(answer);
  if (auto known = begin_once<Response>(key, request)) return answer(*std::move(known));
  run([this, method = key.method, text = std::string(key.text), answer](Outcome<Response> outcome) {
    finish_once<Response>({method, text}, outcome);
    answer(std::move(outcome));
  });
}

}  // namespace sluice::control
