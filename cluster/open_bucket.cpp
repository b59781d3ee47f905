#include "cluster/open_bucket.hpp"

#include <utility>

#include "base/log.hpp"

namespace sluice::cluster {

using base::Errc;
using namespace std::chrono_literals;

namespace {

constexpr base::Duration again_after = 500ms;
// How often to look whether it is still there: somebody may have removed it.
constexpr base::Duration look_every = 5s;

}  // namespace

OpenBucket::OpenBucket(boost::asio::io_context& loop, NatsClient& client, Settings settings)
    : settings_(std::move(settings)),
      client_(client),
      bucket_(JetStream(client, settings_.patience), settings_.name),
      again_(loop, [this] { find(); }) {}

void OpenBucket::open(OnFound on_found) {
  on_found_ = std::move(on_found);
  sought_since_ = base::Clock::now();
  certainty_.begin(client_.info(), settings_.values.replicas);
  find();
}

void OpenBucket::close() {
  ++turn_;
  is_open_ = false;
  sought_since_.reset();
  again_.cancel();
}

void OpenBucket::find() {
  const auto on_state = [this, turn = ++turn_](const base::Result<StreamState>& state) {
    if (turn == turn_) take(state);
  };
  // That one is gone is to be told of first.
  const IfMissing if_missing = is_open_ ? IfMissing::tell : certainty_.if_missing(base::Clock::now());
  if (const auto asked = bucket_.ensure(settings_.values, if_missing, on_state); !asked) take(asked.error());
}

void OpenBucket::take(const base::Result<StreamState>& state) {
  // All buckets of that name are alike, so nobody asks whose it is.
  static_cast<void>(certainty_.take(state, base::Clock::now()));
  if (state) {
    again_.set_after(look_every);
    if (!std::exchange(is_open_, true)) on_found_(base::ok());
    return;
  }
  const base::Error& why = state.error();
  if (is_open_ && why.code != Errc::not_found) return again_.set_after(look_every);
  if (std::exchange(is_open_, false)) {
    sought_since_ = base::Clock::now();
    base::log_warning(settings_.missing,
                      {{"bucket", settings_.name}, {"why", "somebody has removed it; it is made again, and is empty"}});
  }
  const bool is_final = why.code == Errc::already_exists || why.code == Errc::bad_request;
  if (why.code != Errc::not_found && log_limit_.allows(base::Clock::now())) {
    base::log_warning(settings_.missing,
                      {{"bucket", settings_.name}, {"why", why.detail}, {"suppressed", log_limit_.take_suppressed()}});
  }
  if (is_final) on_found_(why);
  if (client_.is_connected()) again_.set_after(again_after);
}

}  // namespace sluice::cluster
