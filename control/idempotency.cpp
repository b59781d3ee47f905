#include "control/idempotency.hpp"

#include <functional>

#include "base/assert.hpp"

namespace sluice::control {

std::string Idempotency::text_of(Key key) {
  std::string text(1, static_cast<char>(key.method));
  text += key.is_share ? 's' : 'c';
  text += key.text;
  return text;
}

Idempotency::Begun Idempotency::begin(Key key, std::string_view request, base::TimePoint now) {
  Entry entry{.key = text_of(key), .request_hash = std::hash<std::string_view>{}(request)};
  const std::lock_guard lock(mutex_);
  forget_old(now);
  const auto known = by_key_.find(entry.key);
  if (known != by_key_.end()) {
    const Entry& earlier = *known->second;
    if (earlier.request_hash != entry.request_hash) return {Found::different, {}};
    return earlier.is_done ? Begun{Found::answer, earlier.answer} : Begun{Found::under_way, {}};
  }
  while (by_key_.size() >= limits_.keys_max && !done_.empty()) forget(done_, done_.begin());
  if (by_key_.size() >= limits_.keys_max) return {Found::full, {}};
  bytes_ += entry.bytes();
  under_way_.push_front(std::move(entry));
  by_key_.emplace(under_way_.front().key, under_way_.begin());
  return {Found::nothing, {}};
}

void Idempotency::finish(Key key, const std::string* answer, base::TimePoint now) {
  const std::string text = text_of(key);
  const std::lock_guard lock(mutex_);
  const auto known = by_key_.find(text);
  SLUICE_ASSERT(known != by_key_.end() && !known->second->is_done);
  const Entries::iterator entry = known->second;
  if (answer == nullptr) return forget(under_way_, entry);
  entry->is_done = true;
  entry->answer = *answer;
  entry->done = now;
  bytes_ += answer->size();
  done_.splice(done_.end(), under_way_, entry);
  while (bytes_ > limits_.bytes_max && !done_.empty()) forget(done_, done_.begin());
}

void Idempotency::forget(Entries& from, Entries::iterator entry) {
  bytes_ -= entry->bytes();
  by_key_.erase(entry->key);
  from.erase(entry);
}

void Idempotency::forget_old(base::TimePoint now) {
  while (!done_.empty() && now - done_.front().done > limits_.lifetime) forget(done_, done_.begin());
}

std::size_t Idempotency::size() const {
  const std::lock_guard lock(mutex_);
  return by_key_.size();
}

}  // namespace sluice::control
