#include "gateway/engine_messages.hpp"

#include <utility>

#include "gateway/encodings.hpp"

namespace sluice::gateway {

void EngineMessages::on_open(workers::Worker& worker, workers::Connection& connection) {
  const std::unique_ptr<Subscription> subscription = std::move(subscription_);
  subscription->announcement.format = subscription->is_enveloped ? enveloped_engine_io : bare_engine_io;
  begin_subscription(worker, connection, std::move(*subscription));
}

base::Result<bool> EngineMessages::on_message(workers::Worker& worker, workers::Connection& connection, bool is_binary,
                                              std::string_view data) {
  held_ = take_message(context_.options.client_messages, worker, connection,
                       is_binary ? workers::DataKind::binary : workers::DataKind::text, data);
  return !held_;
}

bool EngineMessages::on_resume(workers::Worker& worker, workers::Connection& connection) {
  if (held_) held_ = try_again(worker, connection, std::move(held_));
  return !held_;
}

}  // namespace sluice::gateway
