#include "cluster/kept_sessions.hpp"

#include <utility>

#include "base/log.hpp"

namespace sluice::cluster {

using base::Errc;
using base::fail;
using namespace std::chrono_literals;

namespace {

constexpr base::Duration bucket_again_after = 500ms;

base::Error away() { return fail(Errc::unavailable, "the broker is away"); }

}  // namespace

KeptSessions::KeptSessions(Loop& loop, NatsClient& client, const Settings& settings)
    : loop_(loop),
      client_(client),
      settings_(settings),
      bucket_(JetStream(client, settings.patience), "SLUICE_" + settings.cluster_name + "_sessions"),
      again_(loop.context(), [this] { find_bucket(); }) {}

void KeptSessions::read(std::string key, OnEntry then) {
  loop_.post([this, key = std::move(key), then = std::move(then)] {
    if (!is_open_) return then(away());
    const auto asked = bucket_.get(key, [then](const base::Result<KeyValueEntry>& entry) {
      if (!entry) return then(entry.error());
      then(Entry{entry->value, entry->revision});
    });
    if (!asked) then(asked.error());
  });
}

void KeptSessions::write(std::string key, std::string value, std::uint64_t revision, OnRevision then) {
  loop_.post([this, key = std::move(key), value = std::move(value), revision, then = std::move(then)] {
    if (!is_open_) return then(away());
    const auto asked = revision == 0 ? bucket_.create(key, value, then) : bucket_.update(key, value, revision, then);
    if (!asked) then(asked.error());
  });
}

void KeptSessions::remove(std::string key, std::uint64_t revision, OnRevision then) {
  loop_.post([this, key = std::move(key), revision, then = std::move(then)] {
    if (!is_open_) return then(away());
    const auto asked = bucket_.remove(key, revision, then);
    if (!asked) then(asked.error());
  });
}

void KeptSessions::open() { find_bucket(); }

void KeptSessions::close() {
  is_open_ = false;
  again_.cancel();
}

void KeptSessions::find_bucket() {
  const auto asked = bucket_.ensure(settings_.bucket, [this](const auto& state) { take_bucket(state); });
  if (!asked) take_bucket(asked.error());
}

void KeptSessions::take_bucket(const base::Result<StreamState>& state) {
  if (state) {
    is_open_ = true;
    return;
  }
  if (log_limit_.allows(base::Clock::now())) {
    base::log_warning("session_bucket_missing",
                      {{"why", state.error().detail}, {"suppressed", log_limit_.take_suppressed()}});
  }
  if (client_.is_connected()) again_.set_after(bucket_again_after);
}

}  // namespace sluice::cluster
