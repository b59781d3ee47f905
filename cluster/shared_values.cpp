#include "cluster/shared_values.hpp"

#include <utility>

#include "base/log.hpp"

namespace sluice::cluster {
namespace {

using base::Errc;
using base::fail;
using namespace std::chrono_literals;

constexpr base::Duration again_after = 500ms;

base::Error away() { return fail(Errc::unavailable, "the broker, which keeps this for all nodes, is away"); }

}  // namespace

NatsSharedValues::NatsSharedValues(boost::asio::io_context& loop, Post post, NatsClient& client, Settings settings)
    : settings_(std::move(settings)),
      post_(std::move(post)),
      client_(client),
      bucket_(JetStream(client, settings_.patience), settings_.bucket),
      again_(loop, [this] { find(); }) {}

void NatsSharedValues::put(std::string key, std::string value, OnRevision then) {
  post_([this, key = std::move(key), value = std::move(value), then = std::move(then)] {
    if (!is_open_) return then(away());
    if (const auto asked = bucket_.put(key, value, then); !asked) then(asked.error());
  });
}

void NatsSharedValues::remove(std::string key, OnRevision then) {
  post_([this, key = std::move(key), then = std::move(then)] {
    if (!is_open_) return then(away());
    if (const auto asked = bucket_.remove(key, then); !asked) then(asked.error());
  });
}

void NatsSharedValues::forget(std::string key, std::uint64_t revision) {
  post_([this, key = std::move(key), revision] {
    // What is not forgotten goes when its time is over.
    if (is_open_) static_cast<void>(bucket_.forget(key, revision, [](const auto&) {}));
  });
}

void NatsSharedValues::list(std::size_t values_max, OnValues then) {
  post_([this, values_max, then = std::move(then)] {
    if (!is_open_) return then(away());
    const auto asked = bucket_.list(values_max, [then](const base::Result<std::vector<KeyValueEntry>>& entries) {
      if (!entries) return then(entries.error());
      std::vector<workers::SharedValue> values;
      for (const KeyValueEntry& entry : *entries) values.push_back({entry.key, entry.value, entry.revision});
      then(std::move(values));
    });
    if (!asked) then(asked.error());
  });
}

void NatsSharedValues::open(OnFound on_found) {
  on_found_ = std::move(on_found);
  find();
}

void NatsSharedValues::close() {
  ++turn_;
  is_open_ = false;
  again_.cancel();
}

void NatsSharedValues::find() {
  const auto on_state = [this, turn = ++turn_](const base::Result<StreamState>& state) {
    if (turn == turn_) take(state ? base::ok() : base::Status(state.error()));
  };
  if (const auto asked = bucket_.ensure(settings_.values, on_state); !asked) take(asked.error());
}

void NatsSharedValues::take(const base::Status& status) {
  if (!status) {
    const bool is_final = status.error().code == Errc::already_exists || status.error().code == Errc::bad_request;
    if (log_limit_.allows(base::Clock::now())) {
      base::log_warning(
          "broker_bucket_missing",
          {{"bucket", settings_.bucket}, {"why", status.error().detail}, {"suppressed", log_limit_.take_suppressed()}});
    }
    if (is_final) on_found_(status);
    if (client_.is_connected()) again_.set_after(again_after);
    return;
  }
  is_open_ = true;
  on_found_(status);
  for (const auto& on_there : watchers_) on_there();
}

}  // namespace sluice::cluster
