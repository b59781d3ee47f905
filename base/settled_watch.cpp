#include "base/settled_watch.hpp"

#include <algorithm>
#include <utility>

namespace sluice::base {

SettledWatch::SettledWatch(std::vector<std::string> paths, const Times& times)
    : times_(times), watch_(std::move(paths)), look_at_(Clock::now() + times.look_every) {
  note_read();
}

bool SettledWatch::has_changed(TimePoint now) {
  if (watch_.drain()) {
    if (!settling_) settling_ = Settling{now, now};
    settling_->until = std::min(now + times_.settle, settling_->since + 10 * times_.settle);
  }
  if (now < due()) return false;
  look_at_ = now + times_.look_every;
  const std::string before = seen_;
  note_read();
  return seen_ != before;
}

void SettledWatch::note_read() {
  settling_.reset();
  watch_.refresh();
  seen_ = watch_.fingerprint();
}

}  // namespace sluice::base
