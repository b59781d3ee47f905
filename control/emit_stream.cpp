#include "control/emit_stream.hpp"

#include <utility>

#include "control/wire.hpp"

namespace sluice::control {

EmitStream::EmitStream(StreamParts parts, const grpc::ByteBuffer& request) : parts_(parts) {
  parts_.metrics.call_began(Method::emit_with_ack);
  v1::EmitWithAckRequest parsed;
  if (auto problem = parse(request, parts_.message_bytes_max, parsed)) {
    finish(status_of(*problem));
    return;
  }
  parts_.executor.post([this, parsed = std::move(parsed)] { begin(parsed); });
}

void EmitStream::begin(const v1::EmitWithAckRequest& request) {
  if (has_finished_) return;
  const std::weak_ptr<EmitStream*> self = self_;
  on_acknowledged_ = std::make_shared<const workers::OnAcknowledged>(
      [&executor = parts_.executor, self](workers::Acknowledgement acknowledgement) {
        executor.post([self, acknowledgement = std::move(acknowledgement)] {
          if (const auto alive = self.lock()) (*alive)->take_acknowledgement(acknowledgement);
        });
      });
  const auto watch = parts_.calls.emit_with_ack(request, on_acknowledged_, [self](Outcome<Calls::EmitAsked> asked) {
    if (const auto alive = self.lock()) (*alive)->take_asked(std::move(asked));
  });
  if (!watch) return finish(status_of(watch.failure()));
  timer_ = parts_.executor.at(base::Clock::now() + watch->timeout, [this] { sum_up(); });
}

void EmitStream::take_asked(Outcome<Calls::EmitAsked> asked) {
  if (has_finished_) return;
  if (!asked) return finish(status_of(asked.failure()));
  knows_asked_ = true;
  asked_ = asked->connections.size();
  silent_nodes_ = std::move(asked->silent_nodes);
  for (std::string& id : asked->connections) missing_.insert(std::move(id));
  for (const std::string& id : early_) missing_.erase(id);
  if (missing_.empty()) sum_up();
}

void EmitStream::take_acknowledgement(workers::Acknowledgement acknowledgement) {
  if (has_finished_ || is_summed_up_) return;
  ++acknowledged_;
  const std::string id = acknowledgement.connection.text();
  show(std::move(acknowledgement), *responses_.emplace_back().mutable_acknowledgement());
  write();
  if (!knows_asked_) return early_.push_back(id);
  missing_.erase(id);
  if (missing_.empty()) sum_up();
}

void EmitStream::sum_up() {
  timer_.reset();
  on_acknowledged_.reset();
  if (has_finished_ || std::exchange(is_summed_up_, true)) return;
  v1::EmitSummary& summary = *responses_.emplace_back().mutable_summary();
  summary.set_asked(count_of(asked_));
  summary.set_acknowledged(count_of(acknowledged_));
  for (const std::string& id : missing_) summary.add_missing(id);
  for (v1::SilentNode& node : silent_nodes_) *summary.add_silent_nodes() = std::move(node);
  write();
}

void EmitStream::write() {
  if (is_writing_ || has_finished_) return;
  if (responses_.empty()) {
    if (is_summed_up_) finish(grpc::Status::OK);
    return;
  }
  is_writing_ = true;
  response_ = serialize(responses_.front());
  responses_.pop_front();
  StartWrite(&response_);
}

void EmitStream::OnWriteDone(bool ok) {
  parts_.executor.post([this, ok] {
    is_writing_ = false;
    if (ok) return write();
    finish(grpc::Status::CANCELLED);
  });
}

void EmitStream::OnCancel() {
  parts_.executor.post([this] { finish(grpc::Status::CANCELLED); });
}

void EmitStream::finish(const grpc::Status& status) {
  if (has_finished_) return;
  has_finished_ = true;
  timer_.reset();
  on_acknowledged_.reset();
  status_ = status.error_code();
  Finish(status);
}

void EmitStream::OnDone() {
  // Behind whatever OnCancel() may have left there.
  parts_.executor.post([this] {
    parts_.metrics.call_ended(Method::emit_with_ack, status_, base::Clock::now() - began_);
    delete this;
  });
}

}  // namespace sluice::control
