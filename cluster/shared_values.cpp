#include "cluster/shared_values.hpp"

#include <utility>

namespace sluice::cluster {
namespace {

using base::Errc;
using base::fail;

base::Error away() { return fail(Errc::unavailable, "the broker, which keeps this for all nodes, is away"); }

}  // namespace

NatsSharedValues::NatsSharedValues(boost::asio::io_context& loop, Post post, NatsClient& client, Settings settings)
    : post_(std::move(post)), bucket_(loop, client, std::move(settings)) {}

void NatsSharedValues::put(std::string key, std::string value, OnRevision then) {
  post_([this, key = std::move(key), value = std::move(value), then = std::move(then)] {
    const KeyValue* const bucket = bucket_.get();
    if (bucket == nullptr) return then(away());
    if (const auto asked = bucket->put(key, value, then); !asked) then(asked.error());
  });
}

void NatsSharedValues::remove(std::string key, OnRevision then) {
  post_([this, key = std::move(key), then = std::move(then)] {
    const KeyValue* const bucket = bucket_.get();
    if (bucket == nullptr) return then(away());
    if (const auto asked = bucket->remove(key, then); !asked) then(asked.error());
  });
}

void NatsSharedValues::forget(std::string key, std::uint64_t revision) {
  post_([this, key = std::move(key), revision] {
    // What is not forgotten goes when its time is over.
    const KeyValue* const bucket = bucket_.get();
    if (bucket != nullptr) static_cast<void>(bucket->forget(key, revision, [](const auto&) {}));
  });
}

void NatsSharedValues::list(std::size_t values_max, OnValues then) {
  post_([this, values_max, then = std::move(then)] {
    const KeyValue* const bucket = bucket_.get();
    if (bucket == nullptr) return then(away());
    const auto asked = bucket->list(values_max, [then](const base::Result<std::vector<KeyValueEntry>>& entries) {
      if (!entries) return then(entries.error());
      std::vector<workers::SharedValue> values;
      for (const KeyValueEntry& entry : *entries) values.push_back({entry.key, entry.value, entry.revision});
      then(std::move(values));
    });
    if (!asked) then(asked.error());
  });
}

void NatsSharedValues::open(OnFound on_found) {
  bucket_.open([this, on_found = std::move(on_found)](const base::Status& status) {
    on_found(status);
    if (!status) return;
    for (const auto& on_there : watchers_) on_there();
  });
}

}  // namespace sluice::cluster
