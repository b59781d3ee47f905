#include "control/shared_access.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/log.hpp"
#include "identity/sha256.hpp"

namespace sluice::control {
namespace {

using std::chrono::milliseconds;
using std::chrono::system_clock;

constexpr base::Duration learn_again_after = std::chrono::seconds(1);
// More than each node can know of: those that are over are among them for a while.
constexpr std::size_t values_max = 10 * identity::Revocations::entries_max;

// What is over is remembered a little longer, as clocks differ, and news of it may yet be under way.
constexpr std::chrono::minutes remembered_longer{10};
constexpr base::Duration sweep_every = std::chrono::minutes(1);
// The broker is asked for each one by itself.
constexpr std::size_t swept_at_once_max = 500;
constexpr base::Duration sweep_on_after = std::chrono::seconds(1);

// Names are hashed, as keys have neither all characters nor any length.
std::string key_of(const SharedAccess::Entry& entry) {
  switch (entry.who_case()) {
    case SharedAccess::Entry::kTokenId:
      return "token." + identity::sha256_text(entry.token_id());
    case SharedAccess::Entry::kSubject:
      // Each time by itself, as an earlier one may hold for longer.
      return "subject." + identity::sha256_text(entry.subject().subject()) + "." +
             std::to_string(entry.subject().issued_before());
    case SharedAccess::Entry::kUser:
      return "user." + identity::sha256_text(entry.user());
    case SharedAccess::Entry::WHO_NOT_SET:
      break;
  }
  return "none";
}

system_clock::time_point until_of(const SharedAccess::Entry& entry) {
  return system_clock::time_point(milliseconds(entry.until_ms()));
}

}  // namespace

base::Status keep_out(identity::Revocations& revocations, const SharedAccess::Entry& entry) {
  const system_clock::time_point until = until_of(entry);
  switch (entry.who_case()) {
    case SharedAccess::Entry::kTokenId:
      return revocations.revoke_id(entry.token_id(), until);
    case SharedAccess::Entry::kSubject:
      return revocations.revoke_subject(entry.subject().subject(), entry.subject().issued_before(), until);
    case SharedAccess::Entry::kUser:
      return revocations.block_user(entry.user(), until);
    case SharedAccess::Entry::WHO_NOT_SET:
      break;
  }
  return base::fail(base::Errc::bad_request, "it does not say who is kept out");
}

SharedAccess::SharedAccess(const Parts& parts) : parts_(parts) {
  if (is_shared()) {
    parts_.values->watch([this, post = parts_.executor.poster()] { post([this] { learn(); }); });
  } else {
    learned_.set_value();
  }
}

void SharedAccess::put(Entry entry, const Answer<Change>& answer) {
  Change change;
  change.set_key(key_of(entry));
  const auto known = known_.find(change.key());
  // Who revokes a token twice does not mean the shorter time; who blocks a user says for how long from now on.
  if (known != known_.end() && !entry.has_user()) {
    entry.set_until_ms(std::max(entry.until_ms(), known->second.entry.until_ms()));
  }
  *change.mutable_entry() = std::move(entry);
  parts_.values->put(change.key(), change.entry().SerializeAsString(),
                     [post = parts_.executor.poster(), change, answer](const base::Result<std::uint64_t>& revision) {
                       post([change, answer, revision]() mutable {
                         if (!revision) return answer(failure_of(revision.error()));
                         change.set_revision(*revision);
                         answer(std::move(change));
                       });
                     });
}

void SharedAccess::remove(const Entry& entry, const Answer<Change>& answer) {
  Change change;
  change.set_key(key_of(entry));
  change.set_removed(true);
  *change.mutable_entry() = entry;
  parts_.values->remove(change.key(),
                        [post = parts_.executor.poster(), change, answer](const base::Result<std::uint64_t>& revision) {
                          post([change, answer, revision]() mutable {
                            if (!revision) return answer(failure_of(revision.error()));
                            change.set_revision(*revision);
                            answer(std::move(change));
                          });
                        });
}

base::Result<SharedAccess::Taken> SharedAccess::take(const Change& change) {
  const auto known = known_.find(change.key());
  Taken taken{.is_current = known == known_.end() || known->second.revision <= change.revision()};
  if (!taken.is_current) return taken;
  const system_clock::time_point now = system_clock::now();
  const system_clock::time_point until = change.removed() ? now : until_of(change.entry());
  if (change.removed()) {
    taken.was_blocked = parts_.revocations.unblock_user(change.entry().user());
  } else if (until <= now) {
    taken.is_current = false;
  } else if (const auto kept = keep_out(parts_.revocations, change.entry()); !kept) {
    return kept.error();
  }
  known_[change.key()] = {change.revision(), change.entry(), change.removed(), until};
  return taken;
}

// --- what the broker keeps ---

void SharedAccess::learn() {
  if (is_learning_) {
    is_outdated_ = true;
    return;
  }
  is_learning_ = true;
  is_outdated_ = false;
  timer_.reset();
  // What is changed while the list is read is told by whoever changes it.
  std::map<std::string, std::uint64_t> before;
  for (const auto& [key, known] : known_) before.emplace(key, known.revision);
  parts_.values->list(values_max, [this, post = parts_.executor.poster(),
                                   before = std::move(before)](base::Result<std::vector<workers::SharedValue>> values) {
    post([this, before, values = std::move(values)] {
      is_learning_ = false;
      if (values) {
        take_all(*values, before);
      } else {
        base::log_warning("access_not_learned", {{"why", values.error().detail}});
      }
      if (!values || is_outdated_) learn_again();
    });
  });
}

void SharedAccess::learn_again() {
  timer_ = parts_.executor.at(base::Clock::now() + learn_again_after, [this] { learn(); });
}

void SharedAccess::take_all(const std::vector<workers::SharedValue>& values,
                            const std::map<std::string, std::uint64_t>& before) {
  std::map<std::string, std::uint64_t> missing = before;
  for (const workers::SharedValue& value : values) {
    missing.erase(value.key);
    Change change;
    change.set_key(value.key);
    change.set_revision(value.revision);
    const bool is_entry = change.mutable_entry()->ParseFromString(value.value);
    const auto known = known_.find(value.key);
    if (!is_entry || (known != known_.end() && known->second.revision >= value.revision)) continue;
    const auto taken = take(change);
    if (taken && taken->is_current) parts_.on_news(change.entry());
    if (!taken) base::log_warning("access_not_kept", {{"why", taken.error().detail}});
  }
  // What the broker had once and has no more was undone, or its time is over.
  for (const auto& [key, revision] : missing) {
    const auto known = known_.find(key);
    if (known == known_.end() || known->second.revision != revision) continue;
    if (!known->second.is_removed) parts_.revocations.unblock_user(known->second.entry.user());
    known_.erase(known);
  }
  if (!std::exchange(has_learned_, true)) learned_.set_value();
  sweep();
}

void SharedAccess::sweep() {
  const system_clock::time_point over = system_clock::now() - remembered_longer;
  const bool is_sweeper = parts_.is_sweeper();
  std::size_t swept = 0;
  for (auto one = known_.begin(); one != known_.end() && swept < swept_at_once_max;) {
    if (one->second.until > over) {
      ++one;
      continue;
    }
    if (is_sweeper) parts_.values->forget(one->first, one->second.revision);
    one = known_.erase(one);
    ++swept;
  }
  const base::Duration pause = swept < swept_at_once_max ? sweep_every : sweep_on_after;
  sweep_timer_ = parts_.executor.at(base::Clock::now() + pause, [this] { sweep(); });
}

}  // namespace sluice::control
