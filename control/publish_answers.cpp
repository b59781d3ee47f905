#include "control/publish_answers.hpp"

#include <iterator>
#include <utility>

namespace sluice::control {

PublishAnswers::Next PublishAnswers::answered(std::uint64_t sequence, std::vector<v1::PublishStreamResult> results) {
  const std::lock_guard lock(mutex_);
  is_reading_ = false;
  acknowledged_ = sequence;
  ++unanswered_;
  results_.insert(results_.end(), std::make_move_iterator(results.begin()), std::make_move_iterator(results.end()));
  return next();
}

PublishAnswers::Next PublishAnswers::input_ended(std::optional<Failure> failure) {
  const std::lock_guard lock(mutex_);
  is_reading_ = false;
  input_ended_ = true;
  failure_ = std::move(failure);
  return next();
}

PublishAnswers::Next PublishAnswers::written(bool ok) {
  const std::lock_guard lock(mutex_);
  is_writing_ = false;
  is_broken_ |= !ok;
  return next();
}

PublishAnswers::Next PublishAnswers::next() {
  Next next;
  if (is_broken_) unanswered_ = 0;
  if (unanswered_ > 0 && !is_writing_) {
    next.write = is_writing_ = true;
    next.can_wait = reads_while_writing_ = can_wait();
  }
  const bool holds_read = is_writing_ && !reads_while_writing_;
  if (!input_ended_ && !is_reading_ && !is_full() && !holds_read) {
    // Also when the stream is broken: the read then fails at once, and that ends it.
    next.read = is_reading_ = true;
  }
  next.finish = input_ended_ && !is_writing_ && unanswered_ == 0;
  return next;
}

bool PublishAnswers::can_wait() { return is_pipelined_ || ++writes_at_once_ % probe_every == 0; }

v1::PublishStreamResponse PublishAnswers::take() {
  const std::lock_guard lock(mutex_);
  v1::PublishStreamResponse response;
  response.set_acknowledged(acknowledged_);
  response.set_window(stream_window);
  for (v1::PublishStreamResult& result : results_) *response.add_results() = std::move(result);
  results_.clear();
  is_pipelined_ = unanswered_ > 1;
  unanswered_ = 0;
  return response;
}

}  // namespace sluice::control
