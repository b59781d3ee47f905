// Publish and PublishBatch; PublishStream uses their parts.

#include <utility>

#include "control/calls.hpp"
#include "control/calls_once.hpp"

namespace sluice::control {

v1::PublishResult Calls::publish_one(const v1::PublishRequest& request) {
  v1::PublishResult result;
  auto outcome = publish_checked(request);
  if (outcome) {
    *result.mutable_receipt() = *std::move(outcome);
  } else {
    *result.mutable_error() = error_of(outcome.failure());
  }
  return result;
}

Outcome<v1::Receipt> Calls::publish_checked(const v1::PublishRequest& request) {
  const std::string& key = request.options().idempotency_key();
  if (key.empty()) return send(request);
  bool is_sent = false;
  Outcome<v1::Receipt> outcome = v1::Receipt();
  once<v1::Receipt>(
      {Method::publish, key}, request, [&outcome](Outcome<v1::Receipt> given) { outcome = std::move(given); },
      [&](const Answer<v1::Receipt>& answer) {
        is_sent = true;
        answer(send(request));
      });
  if (!is_sent) parts_.metrics.message_published(outcome ? Published::repeated : Published::refused);
  return outcome;
}

Outcome<v1::Receipt> Calls::send(const v1::PublishRequest& request) {
  auto message = std::make_shared<workers::Message>();
  if (auto problem = translator_.message(request, *message)) {
    parts_.metrics.message_published(Published::refused);
    return *std::move(problem);
  }
  const auto receipt = *parts_.pool.publish(message, nullptr);
  if (!receipt) {
    const bool is_full = receipt.error().code == base::Errc::exhausted;
    parts_.metrics.message_published(is_full ? Published::exhausted : Published::refused);
    return failure_of(receipt.error());
  }
  parts_.metrics.message_published(Published::accepted);
  v1::Receipt shown;
  show(*receipt, shown);
  return shown;
}

void Calls::publish(const v1::PublishRequest& request, base::TimePoint, const Answer<v1::PublishResponse>& answer) {
  auto outcome = publish_checked(request);
  if (!outcome) return answer(std::move(outcome.failure()));
  v1::PublishResponse response;
  *response.mutable_receipt() = *std::move(outcome);
  answer(std::move(response));
}

void Calls::publish_batch(const v1::PublishBatchRequest& request, base::TimePoint,
                          const Answer<v1::PublishBatchResponse>& answer) {
  once<v1::PublishBatchResponse>({Method::publish_batch, request.idempotency_key()}, request, answer,
                                 [&](const Answer<v1::PublishBatchResponse>& done) { done(publish_all(request)); });
}

Outcome<v1::PublishBatchResponse> Calls::publish_all(const v1::PublishBatchRequest& request) {
  if (auto problem = translator_.batch_size(static_cast<std::size_t>(request.messages_size())))
    return *std::move(problem);
  if (request.all_valid()) {
    if (auto problem = first_invalid(request)) return *std::move(problem);
  }
  v1::PublishBatchResponse response;
  for (const v1::PublishRequest& message : request.messages()) *response.add_results() = publish_one(message);
  return response;
}

Problem Calls::first_invalid(const v1::PublishBatchRequest& request) const {
  for (int index = 0; index < request.messages_size(); ++index) {
    workers::Message message;
    if (auto problem = translator_.message(request.messages(index), message))
      return inside("messages[" + std::to_string(index) + "].", *std::move(problem));
  }
  return {};
}

}  // namespace sluice::control
