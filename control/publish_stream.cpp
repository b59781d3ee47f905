#include "control/publish_stream.hpp"

#include <utility>

#include "control/batch_results.hpp"
#include "control/wire.hpp"

namespace sluice::control {
namespace {

// How often to look whether the workers have caught up.
constexpr base::Duration look_every = std::chrono::milliseconds(1);

struct Place {
  std::uint64_t sequence;
  std::uint32_t index;
};

v1::PublishStreamResult result_of(const Place& place, Outcome<v1::Receipt> outcome) {
  v1::PublishStreamResult told;
  told.set_sequence(place.sequence);
  told.set_index(place.index);
  show(std::move(outcome), *told.mutable_result());
  return told;
}

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
  auto dealt = publish(request);
  if (!dealt) return perform(answers_.input_ended(std::move(dealt.failure())));
  perform(answers_.answered(sequence_, std::move(dealt->results), dealt->late));
}

Outcome<PublishStream::Dealt> PublishStream::publish(const v1::PublishStreamRequest& request) {
  if (request.sequence() != sequence_ + 1)
    return misfit("sequence", std::to_string(sequence_ + 1) + ", one more than the request before");
  if (auto problem = parts_.calls.translator().batch_size(static_cast<std::size_t>(request.messages_size())))
    return *std::move(problem);
  sequence_ = request.sequence();
  Dealt dealt;
  for (int at = 0; at < request.messages_size(); ++at) {
    const auto index = static_cast<std::uint32_t>(at);
    Answer<v1::Receipt> answer;
    if (parts_.calls.answers_later()) answer = later(index, request.receipts());
    auto outcome = parts_.calls.publish_one(request.messages(at), answer);
    if (!outcome) {
      ++dealt.late;
    } else if (!*outcome || request.receipts()) {
      dealt.results.push_back(result_of({sequence_, index}, *std::move(outcome)));
    }
  }
  return dealt;
}

Answer<v1::Receipt> PublishStream::later(std::uint32_t index, bool wants_receipts) {
  return [self = std::weak_ptr(self_), place = Place{sequence_, index}, wants_receipts](Outcome<v1::Receipt> outcome) {
    const auto alive = self.lock();
    if (!alive) return;
    std::optional<v1::PublishStreamResult> told;
    if (!outcome || wants_receipts) told = result_of(place, std::move(outcome));
    (*alive)->settle(place.sequence, std::move(told));
  };
}

void PublishStream::settle(std::uint64_t sequence, std::optional<v1::PublishStreamResult> result) {
  perform(answers_.settled(sequence, std::move(result)));
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

// Nobody waits for what is not known yet.
void PublishStream::OnCancel() { perform(answers_.cancelled()); }

void PublishStream::OnDone() {
  const auto end = [this] {
    parts_.metrics.call_ended(Method::publish_stream, status_, base::Clock::now() - began_);
    delete this;
  };
  // What comes later comes on the executor, and finds nobody then.
  if (answers_.awaits_results()) return parts_.executor.post(end);
  end();
}

}  // namespace sluice::control
