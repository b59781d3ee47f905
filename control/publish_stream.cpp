#include "control/publish_stream.hpp"

#include <utility>

#include "control/wire.hpp"

namespace sluice::control {

PublishStream::PublishStream(Parts parts, grpc::CallbackServerContext& context) : parts_(parts), context_(context) {
  parts_.metrics.call_began(Method::publish_stream);
  StartRead(&request_);
}

void PublishStream::OnReadDone(bool ok) {
  if (!ok) return perform(answers_.input_ended());
  v1::PublishStreamRequest request;
  if (auto problem = parse(request_, parts_.message_bytes_max, request)) return perform(answers_.input_ended(problem));
  auto results = publish(request);
  if (!results) return perform(answers_.input_ended(std::move(results.failure())));
  perform(answers_.answered(sequence_, *std::move(results)));
}

Outcome<std::vector<v1::PublishStreamResult>> PublishStream::publish(const v1::PublishStreamRequest& request) {
  if (request.sequence() != sequence_ + 1)
    return misfit("sequence", std::to_string(sequence_ + 1) + ", one more than the request before");
  if (auto problem = parts_.calls.translator().batch_size(static_cast<std::size_t>(request.messages_size())))
    return *std::move(problem);
  sequence_ = request.sequence();
  std::vector<v1::PublishStreamResult> results;
  for (int index = 0; index < request.messages_size(); ++index) {
    v1::PublishResult result = parts_.calls.publish_one(request.messages(index));
    if (!request.receipts() && result.has_receipt()) continue;
    v1::PublishStreamResult& told = results.emplace_back();
    told.set_sequence(sequence_);
    told.set_index(static_cast<std::uint32_t>(index));
    *told.mutable_result() = std::move(result);
  }
  return results;
}

void PublishStream::perform(PublishAnswers::Next next) {
  if (next.write) {
    response_ = serialize(answers_.take());
    StartWrite(&response_);
  }
  if (next.read) StartRead(&request_);
  if (!next.finish) return;
  const auto& failure = answers_.failure();
  const bool is_cancelled = !failure && context_.IsCancelled();
  status_ = failure ? failure->grpc_status() : is_cancelled ? grpc::StatusCode::CANCELLED : grpc::StatusCode::OK;
  Finish(failure ? status_of(*failure) : is_cancelled ? grpc::Status::CANCELLED : grpc::Status::OK);
}

void PublishStream::OnWriteDone(bool ok) { perform(answers_.written(ok)); }

void PublishStream::OnDone() {
  parts_.metrics.call_ended(Method::publish_stream, status_, base::Clock::now() - began_);
  delete this;
}

}  // namespace sluice::control
