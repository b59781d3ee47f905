#include "control/publish_answers.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace sluice::control {

namespace {

using Results = std::vector<v1::PublishStreamResult>;

void append(Results& to, Results more) {
  to.insert(to.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

}  // namespace

PublishAnswers::Next PublishAnswers::answered(std::uint64_t sequence, Results results, std::size_t late) {
  const std::lock_guard lock(mutex_);
  is_reading_ = false;
  if (late == 0 && requests_.empty()) {
    acknowledged_ = sequence;
    ++unanswered_;
    append(results_, std::move(results));
    return next();
  }
  Request& request = find_or_add(sequence);
  request.is_answered = true;
  request.missing += static_cast<std::int64_t>(late);
  late_ += static_cast<std::int64_t>(late);
  held_ += std::ssize(results);
  append(request.results, std::move(results));
  tell_whole();
  return next();
}

PublishAnswers::Next PublishAnswers::settled(std::uint64_t sequence, std::optional<v1::PublishStreamResult> result) {
  const std::lock_guard lock(mutex_);
  Request& request = find_or_add(sequence);
  --request.missing;
  --late_;
  if (result) {
    ++held_;
    request.results.push_back(*std::move(result));
  }
  tell_whole();
  return next();
}

PublishAnswers::Request& PublishAnswers::find_or_add(std::uint64_t sequence) {
  if (requests_.empty() || sequence > requests_.back().sequence) return requests_.emplace_back(Request{sequence});
  return requests_[sequence - requests_.front().sequence];
}

// What is known of the first requests goes to the client.
void PublishAnswers::tell_whole() {
  while (!requests_.empty() && requests_.front().is_answered && requests_.front().missing == 0) {
    Request& request = requests_.front();
    std::ranges::sort(request.results, {}, &v1::PublishStreamResult::index);
    held_ -= std::ssize(request.results);
    append(results_, std::move(request.results));
    acknowledged_ = request.sequence;
    ++unanswered_;
    requests_.pop_front();
  }
}

PublishAnswers::Next PublishAnswers::cancelled() {
  const std::lock_guard lock(mutex_);
  is_broken_ = true;
  return next();
}

bool PublishAnswers::awaits_results() {
  const std::lock_guard lock(mutex_);
  return late_ != 0;
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
  if (has_finished_) return next;
  if (is_broken_) unanswered_ = 0;
  if (unanswered_ > 0 && !is_writing_) {
    next.write = is_writing_ = true;
    next.can_wait = reads_while_writing_ = can_wait();
  }
  const bool holds_read = is_writing_ && !reads_while_writing_;
  if (!input_ended_ && !is_reading_ && (is_broken_ || !is_full()) && !holds_read) {
    // When the stream is broken, the read fails at once, and that ends it.
    next.read = is_reading_ = true;
  }
  const bool is_all_told = unanswered_ == 0 && (requests_.empty() || is_broken_);
  next.finish = has_finished_ = input_ended_ && !is_writing_ && is_all_told;
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
