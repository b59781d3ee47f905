// Publish and PublishBatch; PublishStream uses their parts.

#include <algorithm>
#include <utility>

#include "control/batch_results.hpp"
#include "control/calls.hpp"
#include "control/calls_once.hpp"
#include "control/in_time.hpp"

namespace sluice::control {
namespace {

Failure not_confirmed() {
  return {base::Errc::timed_out, "the broker has not confirmed it in time; it may still be delivered"};
}

void respond(const Answer<v1::PublishResponse>& answer, Outcome<v1::Receipt> outcome) {
  if (!outcome) return answer(std::move(outcome.failure()));
  v1::PublishResponse response;
  *response.mutable_receipt() = *std::move(outcome);
  answer(std::move(response));
}

}  // namespace

std::optional<Outcome<v1::Receipt>> Calls::publish_one(const v1::PublishRequest& request,
                                                       const Answer<v1::Receipt>& later) {
  const std::string& key = request.options().idempotency_key();
  if (key.empty()) return send(request, later);
  if (auto known = begin_once<v1::Receipt>({Method::publish, key}, request)) {
    parts_.metrics.message_published(*known ? Published::repeated : Published::refused);
    return known;
  }
  auto outcome = send(request, [this, key, later](Outcome<v1::Receipt> given) {
    finish_once<v1::Receipt>({Method::publish, key}, given);
    later(std::move(given));
  });
  if (outcome) finish_once<v1::Receipt>({Method::publish, key}, *outcome);
  return outcome;
}

std::optional<Outcome<v1::Receipt>> Calls::send(const v1::PublishRequest& request, const Answer<v1::Receipt>& later) {
  auto message = std::make_shared<workers::Message>();
  if (auto problem = translator_.message(request, *message)) {
    parts_.metrics.message_published(Published::refused);
    return *std::move(problem);
  }
  workers::Broker::OnReceipt on_receipt;
  if (answers_later()) {
    on_receipt = [this, post = parts_.executor.poster(), later](const base::Result<workers::Receipt>& receipt) {
      post([this, later, receipt] { later(receipt_of(receipt)); });
    };
  }
  const auto receipt = parts_.pool.publish(message, std::move(on_receipt), request.options().idempotency_key());
  if (!receipt) return std::nullopt;
  return receipt_of(*receipt);
}

Outcome<v1::Receipt> Calls::receipt_of(const base::Result<workers::Receipt>& receipt) {
  if (!receipt) {
    const base::Errc code = receipt.error().code;
    const bool is_away = code == base::Errc::unavailable || code == base::Errc::timed_out;
    parts_.metrics.message_published(code == base::Errc::exhausted ? Published::exhausted
                                     : is_away                     ? Published::unavailable
                                                                   : Published::refused);
    return failure_of(receipt.error());
  }
  parts_.metrics.message_published(Published::accepted);
  v1::Receipt shown;
  show(*receipt, shown);
  return shown;
}

void Calls::publish(const v1::PublishRequest& request, base::TimePoint deadline,
                    const Answer<v1::PublishResponse>& answer) {
  if (!answers_later()) return respond(answer, *publish_one(request, {}));
  const auto waiting = std::make_shared<InTime<v1::Receipt>>(
      [answer](Outcome<v1::Receipt> outcome) { respond(answer, std::move(outcome)); });
  auto outcome = publish_one(request, [waiting](Outcome<v1::Receipt> given) { waiting->give(std::move(given)); });
  if (outcome) return respond(answer, *std::move(outcome));
  parts_.executor.post([&executor = parts_.executor, waiting, until = soonest(deadline)] {
    InTime<v1::Receipt>::limit(waiting, executor, until, [] { return not_confirmed(); });
  });
}

void Calls::publish_batch(const v1::PublishBatchRequest& request, base::TimePoint deadline,
                          const Answer<v1::PublishBatchResponse>& answer) {
  const std::string& key = request.idempotency_key();
  if (!key.empty()) {
    if (auto known = begin_once<v1::PublishBatchResponse>({Method::publish_batch, key}, request))
      return answer(*std::move(known));
  }
  if (auto problem = misfit_of(request)) {
    finish_batch(key, *problem);
    return answer(*std::move(problem));
  }
  publish_all(request, deadline, answer);
}

void Calls::finish_batch(const std::string& key, const Outcome<v1::PublishBatchResponse>& outcome) {
  if (!key.empty()) finish_once<v1::PublishBatchResponse>({Method::publish_batch, key}, outcome);
}

Problem Calls::misfit_of(const v1::PublishBatchRequest& request) const {
  if (auto problem = translator_.batch_size(static_cast<std::size_t>(request.messages_size()))) return problem;
  return request.all_valid() ? first_invalid(request) : Problem();
}

void Calls::publish_all(const v1::PublishBatchRequest& request, base::TimePoint deadline,
                        const Answer<v1::PublishBatchResponse>& answer) {
  const auto batch = std::make_shared<BatchResults>(request.messages_size());
  std::size_t late = 0;
  for (int at = 0; at < request.messages_size(); ++at) {
    Answer<v1::Receipt> later;
    if (answers_later()) later = [batch, at](Outcome<v1::Receipt> outcome) { batch->take(at, std::move(outcome)); };
    if (auto outcome = publish_one(request.messages(at), later)) {
      batch->set(at, *std::move(outcome));
    } else {
      ++late;
    }
  }
  if (late == 0) {
    v1::PublishBatchResponse response = batch->take_all();
    finish_batch(request.idempotency_key(), response);
    return answer(std::move(response));
  }
  const auto waiting = std::make_shared<InTime<v1::PublishBatchResponse>>(answer);
  parts_.executor.post([this, batch, late, waiting, key = request.idempotency_key(), until = soonest(deadline)] {
    InTime<v1::PublishBatchResponse>::limit(waiting, parts_.executor, until,
                                            [batch] { return batch->with(not_confirmed()); });
    batch->await(late, [this, key, waiting](v1::PublishBatchResponse response) {
      finish_batch(key, response);
      waiting->give(std::move(response));
    });
  });
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
