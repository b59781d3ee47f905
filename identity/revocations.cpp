#include "identity/revocations.hpp"

#include <algorithm>

#include "identity/token.hpp"

namespace sluice::identity {
namespace {
const base::Error full =
    base::fail(base::Errc::too_many, "there are as many revoked tokens and blocked users as may be: 100000");
}  // namespace

base::Status Revocations::revoke_id(const std::string& token_id, Time until) {
  const std::lock_guard lock(mutex_);
  if (is_full()) return full;
  auto& kept = ids_[token_id];
  kept = std::max(kept, until);
  settle();
  return base::ok();
}

base::Status Revocations::revoke_subject(const std::string& subject, std::int64_t issued_before, Time until) {
  const std::lock_guard lock(mutex_);
  if (is_full()) return full;
  Subject& kept = subjects_.try_emplace(subject, Subject{issued_before, until}).first->second;
  kept = {std::max(kept.issued_before, issued_before), std::max(kept.until, until)};
  settle();
  return base::ok();
}

base::Status Revocations::block_user(const std::string& user, Time until) {
  const std::lock_guard lock(mutex_);
  if (is_full()) return full;
  users_[user] = until;
  settle();
  return base::ok();
}

bool Revocations::unblock_user(const std::string& user) {
  const std::lock_guard lock(mutex_);
  const bool was_blocked = users_.erase(user) > 0;
  settle();
  return was_blocked;
}

std::string_view Revocations::misfit(const Claims& claims, Time now) const {
  if (size() == 0) return {};
  const std::lock_guard lock(mutex_);
  if (const auto id = ids_.find(claims.id); id != ids_.end() && id->second > now) return "was revoked";
  const auto subject = subjects_.find(claims.subject);
  if (subject != subjects_.end() && subject->second.until > now &&
      (!claims.issued || *claims.issued < subject->second.issued_before)) {
    return "was revoked";
  }
  const auto user = users_.find(claims.subject);
  return user != users_.end() && user->second > now ? std::string_view("is of a user who is blocked")
                                                    : std::string_view{};
}

bool Revocations::is_blocked(const std::string& user, Time now) const {
  if (size() == 0) return false;
  const std::lock_guard lock(mutex_);
  const auto found = users_.find(user);
  return found != users_.end() && found->second > now;
}

void Revocations::trim(Time now) {
  if (size() == 0) return;
  const std::lock_guard lock(mutex_);
  std::erase_if(ids_, [now](const auto& one) { return one.second <= now; });
  std::erase_if(users_, [now](const auto& one) { return one.second <= now; });
  std::erase_if(subjects_, [now](const auto& one) { return one.second.until <= now; });
  settle();
}

}  // namespace sluice::identity
