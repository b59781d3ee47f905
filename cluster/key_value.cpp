#include "cluster/key_value.hpp"

#include <algorithm>
#include <unordered_map>
#include <utility>

namespace sluice::cluster {
namespace {

using base::Errc;
using base::fail;

constexpr NatsHeader removal{"KV-Operation", "DEL"};
constexpr std::chrono::nanoseconds duplicate_window_max = std::chrono::minutes(2);

bool is_letter_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

bool is_of(std::string_view text, std::string_view others) {
  return !text.empty() && std::ranges::all_of(text, [others](char c) {
    return is_letter_or_digit(c) || others.find(c) != std::string_view::npos;
  });
}

// DEL, or PURGE by others' tools.
bool is_removed(const StoredMessage& message) { return message.headers.find(removal.name).has_value(); }

KeyValueEntry entry_of(const StoredMessage& message, std::size_t prefix_bytes) {
  return {.key = std::string(message.subject.substr(std::min(prefix_bytes, message.subject.size()))),
          .value = std::string(message.payload),
          .revision = message.sequence,
          .put_at = message.stored_at};
}

}  // namespace

struct KeyValue::Listing {
  std::size_t entries_max;
  OnEntries on_entries;
  std::uint64_t next = 1;
  // Any replica answers, the leader at the end: only it has all for certain, and what a replica left out is behind.
  bool is_at_leader = false;
  std::unordered_map<std::string, KeyValueEntry> entries = {};

  // A key that changes meanwhile comes again.
  void take(KeyValueEntry entry, bool is_marker) {
    if (is_marker) {
      entries.erase(entry.key);
    } else {
      entries.insert_or_assign(entry.key, std::move(entry));
    }
  }

  void end() {
    std::vector<KeyValueEntry> all;
    all.reserve(entries.size());
    for (auto& [key, entry] : entries) all.push_back(std::move(entry));
    std::ranges::sort(all, {}, &KeyValueEntry::revision);
    on_entries(std::move(all));
  }
};

KeyValue::KeyValue(JetStream streams, const std::string& bucket)
    : streams_(streams), stream_("KV_" + bucket), prefix_("$KV." + bucket + ".") {}

base::Status KeyValue::check(std::string_view key) const {
  if (!is_of(std::string_view(stream_).substr(3), "-_")) return fail(Errc::bad_request, "that is no name of a bucket");
  const bool is_key =
      is_of(key, "-_/=.") && key.front() != '.' && key.back() != '.' && key.find("..") == std::string_view::npos;
  return is_key ? base::ok() : base::Status(fail(Errc::bad_request, "that is no key of a bucket"));
}

base::Status KeyValue::ensure(const KeyValueSettings& settings, IfMissing if_missing, OnState on_state) const {
  if (auto checked = check("any"); !checked) return checked;
  StreamSettings stream{.name = stream_, .subjects = {prefix_ + ">"}};
  stream.messages_per_subject_max = 1;
  stream.bytes_max = settings.bytes_max;
  stream.age_max = settings.age_max;
  stream.storage = settings.storage;
  stream.discard = StreamSettings::Discard::newest;
  stream.replicas = settings.replicas;
  stream.duplicate_window = duplicate_window_max;
  if (settings.age_max.count() > 0) stream.duplicate_window = std::min(settings.age_max, duplicate_window_max);
  stream.allows_rollup = true;
  stream.denies_delete = true;
  return streams_.ensure_stream(stream, if_missing, std::move(on_state));
}

base::Status KeyValue::write(std::string_view key, std::string_view value, std::optional<std::uint64_t> expected,
                             OnRevision on_revision) const {
  if (auto checked = check(key); !checked) return checked;
  const std::string subject = subject_of(key);
  return streams_.publish({.message = {.subject = subject, .payload = value}, .expected_last_sequence = expected},
                          [on_revision = std::move(on_revision)](const base::Result<PublishReceipt>& receipt) {
                            if (!receipt) return on_revision(receipt.error());
                            on_revision(receipt->sequence);
                          });
}

base::Status KeyValue::put(std::string_view key, std::string_view value, OnRevision on_revision) const {
  return write(key, value, std::nullopt, std::move(on_revision));
}

base::Status KeyValue::update(std::string_view key, std::string_view value, std::uint64_t revision,
                              OnRevision on_revision) const {
  return write(key, value, revision, std::move(on_revision));
}

// A key that was removed still has a last message: the marker that says so, whose place the value then takes.
base::Status KeyValue::create(std::string_view key, std::string_view value, OnRevision on_revision) const {
  const auto take = [self = *this, name = std::string(key), text = std::string(value),
                     on_revision = std::move(on_revision)](const base::Result<std::uint64_t>& revision) {
    if (revision || revision.error().code != Errc::already_exists) return on_revision(revision);
    const auto look = [self, name, text, on_revision, refusal = revision.error()](
                          const base::Result<KeyValueEntry>& entry, bool is_marker) {
      if (!entry) return on_revision(entry.error().code == Errc::not_found ? refusal : entry.error());
      if (!is_marker) return on_revision(refusal);
      if (const auto asked = self.update(name, text, entry->revision, on_revision); !asked) on_revision(asked.error());
    };
    if (const auto asked = self.get_any(name, look); !asked) on_revision(asked.error());
  };
  return write(key, value, 0, take);
}

base::Status KeyValue::remove(std::string_view key, OnRevision on_revision) const {
  return mark_removed(key, std::nullopt, std::move(on_revision));
}

base::Status KeyValue::remove(std::string_view key, std::uint64_t revision, OnRevision on_revision) const {
  return mark_removed(key, revision, std::move(on_revision));
}

base::Status KeyValue::mark_removed(std::string_view key, std::optional<std::uint64_t> expected,
                                    OnRevision on_revision) const {
  if (auto checked = check(key); !checked) return checked;
  const std::string subject = subject_of(key);
  return streams_.publish(
      {.message = {.subject = subject, .headers = {&removal, 1}}, .expected_last_sequence = expected},
      [on_revision = std::move(on_revision)](const base::Result<PublishReceipt>& receipt) {
        if (!receipt) return on_revision(receipt.error());
        on_revision(receipt->sequence);
      });
}

base::Status KeyValue::forget(std::string_view key, std::uint64_t revision, OnStatus on_status) const {
  if (auto checked = check(key); !checked) return checked;
  return streams_.purge(stream_, subject_of(key), revision, std::move(on_status));
}

base::Status KeyValue::get_any(std::string_view key,
                               std::function<void(const base::Result<KeyValueEntry>&, bool)> told) const {
  if (auto checked = check(key); !checked) return checked;
  return streams_.get_last(
      stream_, subject_of(key),
      [told = std::move(told), bytes = prefix_.size()](const base::Result<StoredMessage>& message) {
        if (!message) return told(message.error(), false);
        told(entry_of(*message, bytes), is_removed(*message));
      });
}

base::Status KeyValue::get(std::string_view key, OnEntry on_entry) const {
  return get_any(key, [on_entry = std::move(on_entry)](const base::Result<KeyValueEntry>& entry, bool is_marker) {
    if (!is_marker) return on_entry(entry);
    on_entry(fail(Errc::not_found, "the key was removed"));
  });
}

base::Status KeyValue::list(std::size_t entries_max, OnEntries on_entries) const {
  if (auto checked = check("any"); !checked) return checked;
  return list_on(std::make_shared<Listing>(Listing{entries_max, std::move(on_entries)}));
}

base::Status KeyValue::list_on(std::shared_ptr<Listing> listing) const {
  const std::string all = prefix_ + ">";
  const std::uint64_t next = listing->next;
  const bool is_at_leader = listing->is_at_leader;
  const auto take = [self = *this, listing = std::move(listing)](const base::Result<StoredMessage>& message) {
    const bool is_end = !message && message.error().code == Errc::not_found;
    if (is_end && listing->is_at_leader) return listing->end();
    if (!message && !is_end) return listing->on_entries(message.error());
    if (is_end) {
      listing->is_at_leader = true;
    } else {
      listing->take(entry_of(*message, self.prefix_.size()), is_removed(*message));
      listing->next = message->sequence + 1;
    }
    if (listing->entries.size() > listing->entries_max) {
      return listing->on_entries(fail(Errc::too_many, "the bucket has too many entries to be listed"));
    }
    if (const auto asked = self.list_on(listing); !asked) listing->on_entries(asked.error());
  };
  if (is_at_leader) return streams_.get_next_of_leader(stream_, all, next, take);
  return streams_.get_next(stream_, all, next, take);
}

}  // namespace sluice::cluster
