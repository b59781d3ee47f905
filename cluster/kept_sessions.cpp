#include "cluster/kept_sessions.hpp"

#include <utility>

namespace sluice::cluster {

using base::Errc;
using base::fail;

namespace {

base::Error away() { return fail(Errc::unavailable, "the broker is away"); }

}  // namespace

KeptSessions::KeptSessions(Loop& loop, NatsClient& client, const Settings& settings)
    : loop_(loop),
      bucket_(loop.context(), client,
              {.name = "SLUICE_" + settings.cluster_name + "_sessions",
               .values = settings.bucket,
               .missing = "session_bucket_missing"}) {}

void KeptSessions::read(std::string key, OnEntry then) {
  loop_.post([this, key = std::move(key), then = std::move(then)] {
    const KeyValue* const bucket = bucket_.get();
    if (bucket == nullptr && (is_other_ || bucket_.is_overdue(base::Clock::now()))) {
      return then(fail(Errc::not_found, "there is no bucket of sessions"));
    }
    if (bucket == nullptr) return then(away());
    const auto asked = bucket->get(key, [then](const base::Result<KeyValueEntry>& entry) {
      if (!entry) return then(entry.error());
      then(Entry{entry->value, entry->revision});
    });
    if (!asked) then(asked.error());
  });
}

void KeptSessions::write(std::string key, std::string value, std::uint64_t revision, OnRevision then) {
  loop_.post([this, key = std::move(key), value = std::move(value), revision, then = std::move(then)] {
    const KeyValue* const bucket = bucket_.get();
    if (bucket == nullptr) return then(away());
    const auto asked = revision == 0 ? bucket->create(key, value, then) : bucket->update(key, value, revision, then);
    if (!asked) then(asked.error());
  });
}

void KeptSessions::remove(std::string key, std::uint64_t revision, OnRevision then) {
  loop_.post([this, key = std::move(key), revision, then = std::move(then)] {
    const KeyValue* const bucket = bucket_.get();
    if (bucket == nullptr) return then(away());
    const auto asked = bucket->remove(key, revision, then);
    if (!asked) then(asked.error());
  });
}

// Without it nodes serve as well, but for what would outlive them: so a bucket with other settings is told of, and no
// more.
void KeptSessions::open() {
  bucket_.open([this](const base::Status& status) { is_other_ = !status; });
}

}  // namespace sluice::cluster
