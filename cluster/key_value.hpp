#pragma once
// KeyValue: a bucket of values under keys, each with a revision, and perhaps with a time limit (docs.nats.io, Key/Value
// Store; ADR-8, whose tools can read it). A small handle as JetStream's, over a stream named KV_BUCKET.

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/jetstream.hpp"

namespace sluice::cluster {

struct KeyValueSettings {
  std::chrono::nanoseconds age_max{0};  // values that were not put again are gone after it; 0: they stay
  std::int64_t bytes_max = StreamSettings::unbounded;
  StreamSettings::Storage storage = StreamSettings::Storage::file;
  int replicas = 1;
};

struct KeyValueEntry {
  std::string key, value;
  std::uint64_t revision = 0;  // grows with each change of the bucket
  SystemTime put_at = {};
};

class KeyValue {
 public:
  using OnState = JetStream::OnState;
  using OnRevision = std::function<void(const base::Result<std::uint64_t>& revision)>;
  using OnEntry = std::function<void(const base::Result<KeyValueEntry>& entry)>;
  using OnEntries = std::function<void(const base::Result<std::vector<KeyValueEntry>>& entries)>;
  using OnStatus = JetStream::OnStatus;

  // A bucket's name has letters, digits, - and _; a key those and / = and inner dots. Others are Errc::bad_request.
  KeyValue(JetStream streams, const std::string& bucket);

  // Finds the bucket, or makes it; as JetStream::ensure_stream().
  base::Status ensure(const KeyValueSettings& settings, IfMissing if_missing, OnState on_state) const;
  base::Status put(std::string_view key, std::string_view value, OnRevision on_revision) const;
  // Errc::already_exists: the key has a value.
  base::Status create(std::string_view key, std::string_view value, OnRevision on_revision) const;
  // Errc::already_exists: it has another revision by now, or none.
  base::Status update(std::string_view key, std::string_view value, std::uint64_t revision,
                      OnRevision on_revision) const;
  // Whether it has a value or not.
  base::Status remove(std::string_view key, OnRevision on_revision) const;
  // Leaves not even the marker of a removal, unless the key was changed after that revision.
  base::Status forget(std::string_view key, std::uint64_t revision, OnStatus on_status) const;
  // As update().
  base::Status remove(std::string_view key, std::uint64_t revision, OnRevision on_revision) const;
  // Errc::not_found: it has no value, or none any more.
  base::Status get(std::string_view key, OnEntry on_entry) const;
  // All that have a value, with all that was acknowledged before; the one that was put longest ago first. One question
  // after the other, so for small buckets. Errc::too_many: there are more than `entries_max`.
  base::Status list(std::size_t entries_max, OnEntries on_entries) const;

 private:
  struct Listing;
  std::string subject_of(std::string_view key) const { return prefix_ + std::string(key); }
  base::Status check(std::string_view key) const;
  base::Status write(std::string_view key, std::string_view value, std::optional<std::uint64_t> expected,
                     OnRevision on_revision) const;
  base::Status mark_removed(std::string_view key, std::optional<std::uint64_t> expected, OnRevision on_revision) const;
  // With the markers of keys that were removed.
  base::Status get_any(std::string_view key, std::function<void(const base::Result<KeyValueEntry>&, bool)> told) const;
  base::Status list_on(std::shared_ptr<Listing> listing) const;

  JetStream streams_;
  std::string stream_, prefix_;  // of subjects
};

}  // namespace sluice::cluster
