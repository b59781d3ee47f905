#include "control/publish_stream.hpp"

#include <utility>

#include "control/wire.hpp"

namespace sluice::control {
namespace {

// How often to look whether the workers have caught up.
constexpr base::Duration look_every = std::chrono::milliseconds(1);

}  // namespace

PublishStream::PublishStream(StreamParts parts, grpc::CallbackServerContext& context)
    : parts_(parts), context_(context) {
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
  if (next.write) acknowledge(next.can_wait);
  if (next.read) read();
  if (!next.finish) return;
  const auto& failure = answers_.failure();
  const bool is_cancelled = !failure && context_.IsCancelled();
  status_ = failure ? failure->grpc_status() : is_cancelled ? grpc::StatusCode::CANCELLED : grpc::StatusCode::OK;
  Finish(failure ? status_of(*failure) : is_cancelled ? grpc::Status::CANCELLED : grpc::Status::OK);
}

// A response that can wait is left to the executor, which gets there when some more has been read.
void PublishStream::acknowledge(bool can_wait) {
  const auto write = [this] {
    response_ = serialize(answers_.take());
    StartWrite(&response_);
  };
  if (can_wait) {
    parts_.executor.post(write);
  } else {
    write();
  }
}

// When the workers are not too far behind: the client feels that as back-pressure, and nothing is refused.
void PublishStream::read() {
  if (parts_.calls.is_crowded()) return parts_.executor.post([this] { read_later(); });
  StartRead(&request_);
}

void PublishStream::read_later() {
  timer_.reset();
  if (!parts_.calls.is_crowded()) return read();
  timer_ = parts_.executor.at(base::Clock::now() + look_every, [this] { read_later(); });
}

void PublishStream::OnWriteDone(bool ok) { perform(answers_.written(ok)); }

void PublishStream::OnDone() {
  parts_.metrics.call_ended(Method::publish_stream, status_, base::Clock::now() - began_);
  delete this;
}

}  // namespace sluice::control
