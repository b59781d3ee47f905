#pragma once
// Calls over a running pool, and a way to wait for an answer.

#include <functional>
#include <future>
#include <optional>
#include <utility>

#include "control/calls.hpp"
#include "control/gatekeeper.hpp"
#include "tests/unit/control/running_pool.hpp"

namespace sluice::control {

struct RunningCalls : RunningPool {
  explicit RunningCalls(workers::Broker& broker = workers::EmbeddedBroker::instance()) : RunningPool(broker) {
    executor.start();
  }
  ~RunningCalls() { executor.stop(); }

  // Does the call and gives its outcome.
  template <class Request, class Response>
  Outcome<Response> ask(void (Calls::*call)(const Request&, base::TimePoint, const Answer<Response>&),
                        const Request& request, std::chrono::milliseconds patience = std::chrono::seconds(5)) {
    return begin(call, request, patience).get();
  }
  // Likewise, when it comes.
  template <class Request, class Response>
  std::future<Outcome<Response>> begin(void (Calls::*call)(const Request&, base::TimePoint, const Answer<Response>&),
                                       const Request& request,
                                       std::chrono::milliseconds patience = std::chrono::seconds(5)) {
    const auto promise = std::make_shared<std::promise<Outcome<Response>>>();
    (calls.*call)(request, base::Clock::now() + patience,
                  [promise](Outcome<Response> outcome) { promise->set_value(std::move(outcome)); });
    return promise->get_future();
  }

  v1::PublishRequest message(const std::string& room, const std::string& text) const {
    v1::PublishRequest request;
    request.mutable_target()->add_rooms(room);
    request.mutable_payload()->set_text(text);
    return request;
  }
  void publish(const std::string& room, const std::string& text) {
    static_cast<void>(ask(&Calls::publish, message(room, text)));
  }

  static Options small_limits() {
    Options made;
    made.publish_batch_max = 3;
    made.list_page_max = 3;
    return made;
  }

  Options control_options = small_limits();
  Facts facts = some_facts();
  Metrics metrics;
  ReadinessFlag readiness;
  Executor executor;
  identity::Revocations revocations;
  Calls calls{{*pool, workers::NoPeers::instance(), revocations, executor, metrics, readiness,
               [this](bool is_ready) { readiness.set_ready(is_ready); }, control_options, facts}};
  CallerIdentity callers;  // who may call: anyone
  Gatekeeper gatekeeper{callers, control_options};
};

}  // namespace sluice::control
