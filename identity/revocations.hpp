#pragma once
// Revocations: tokens that are good no more though they have not expired, and users that may not come in. Shared by all
// threads, behind one short lock that nobody takes while there are none.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/result.hpp"

namespace sluice::identity {

struct Claims;

class Revocations {
 public:
  using Time = std::chrono::system_clock::time_point;
  static constexpr std::size_t entries_max = 100'000;

  // Each is forgotten at `until`, when no such token can be good any more. Errc::too_many if there are as many as may
  // be.
  base::Status revoke_id(const std::string& token_id, Time until);
  // All of the subject's that were issued before, or do not say when.
  base::Status revoke_subject(const std::string& subject, std::int64_t issued_before, Time until);
  base::Status block_user(const std::string& user, Time until);
  // False if it was not blocked.
  bool unblock_user(const std::string& user);

  // Why the token's owner may not come in; empty if it may.
  std::string_view misfit(const Claims& claims, Time now) const;
  bool is_blocked(const std::string& user, Time now) const;
  // Forgets what is over. Now and then.
  void trim(Time now);
  std::size_t size() const { return size_.load(std::memory_order_relaxed); }
  // Nobody else can be kept out; any thread.
  bool is_full() const { return size() >= entries_max; }

 private:
  struct Subject {
    std::int64_t issued_before;
    Time until;
  };
  void settle() { size_ = ids_.size() + subjects_.size() + users_.size(); }

  mutable std::mutex mutex_;
  std::atomic<std::size_t> size_{0};
  // All below are under mutex_.
  std::unordered_map<std::string, Time> ids_, users_;
  std::unordered_map<std::string, Subject> subjects_;
};

}  // namespace sluice::identity
