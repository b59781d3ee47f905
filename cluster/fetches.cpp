#include "cluster/fetches.hpp"

#include <utility>

namespace sluice::cluster {

void Fetches::add(Stretch stretch) {
  waiting_.push_back(std::make_shared<Stretch>(std::move(stretch)));
  begin_more();
}

void Fetches::begin_more() {
  while (under_way_ < under_way_max && !waiting_.empty()) {
    const auto stretch = std::move(waiting_.front());
    waiting_.pop_front();
    ++under_way_;
    step(stretch);
  }
}

void Fetches::step(const std::shared_ptr<Stretch>& stretch) {
  if (stretch->first > stretch->last) return finish(stretch, base::ok());
  const auto asked = streams_.get_next_of_leader(stream_, stretch->pattern, stretch->first,
                                                 [this, stretch](const auto& message) { take(stretch, message); });
  if (!asked) finish(stretch, asked);
}

void Fetches::take(const std::shared_ptr<Stretch>& stretch, const base::Result<StoredMessage>& message) {
  if (!message) {
    const bool is_end = message.error().code == base::Errc::not_found;
    return finish(stretch, is_end ? base::ok() : base::Status(message.error()));
  }
  if (message->sequence > stretch->last) return finish(stretch, base::ok());
  stretch->first = message->sequence + 1;
  stretch->each(*message);
  step(stretch);
}

void Fetches::finish(const std::shared_ptr<Stretch>& stretch, const base::Status& status) {
  --under_way_;
  stretch->then(status);
  begin_more();
}

}  // namespace sluice::cluster
