#pragma once
// Calls::once() and Calls::spread(), for the files that define calls with idempotency keys, and calls that each node
// has a share in.

#include <optional>
#include <string>
#include <utility>

#include "control/calls.hpp"

namespace sluice::control {

// Whether every node did its share. An answer in which some is missing is not remembered.
template <class Response>
bool is_whole(const Response& response) {
  if constexpr (requires { response.silent_nodes_size(); }) return response.silent_nodes_size() == 0;
  return true;
}

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
  const bool is_done = outcome && is_whole(*outcome);
  const std::string bytes = is_done ? outcome->SerializeAsString() : std::string();
  idempotency_.finish(key, is_done ? &bytes : nullptr, base::Clock::now());
}

template <class Response>
void Calls::once(Idempotency::Key key, const google::protobuf::Message& request, const Answer<Response>& answer,
                 const std::function<void(const Answer<Response>&)>& run) {
  if (key.text.empty()) return run(answer);
  if (auto known = begin_once<Response>(key, request)) return answer(*std::move(known));
  run([this, method = key.method, is_share = key.is_share, text = std::string(key.text),
       answer](Outcome<Response> outcome) {
    finish_once<Response>({method, text, is_share}, outcome);
    answer(std::move(outcome));
  });
}

template <class Request, class Response>
void Calls::spread(const Spread<Request, Response>& how, const Request& request, const Answer<Response>& answer) {
  if (how.reach.is_here_alone()) return (this->*how.share)(request, how.deadline, answer);
  nodes_.gather<Request, Response>(
      how.reach, how.kind, request, how.deadline, share_of(how.share),
      [answer, add = how.add](Shares<Response> shares) { answer(sum_of(std::move(shares), add)); });
}

}  // namespace sluice::control
