// RevokeTokens, BlockUser and UnblockUser: who is kept out from now on, and whoever of them is in goes.

#include "control/calls.hpp"
#include "control/duration_field.hpp"
#include "control/share_kinds.hpp"

namespace sluice::control {
namespace {

using std::chrono::system_clock;
using Changes = Shares<cluster::v1::AccessChanged>;

constexpr std::chrono::milliseconds remembered_min{1'000}, remembered_max{std::chrono::hours(264)};
constexpr std::chrono::hours remembered_usually{24};
constexpr std::size_t token_id_bytes_max = 256, subject_bytes_max = 4096;

std::int64_t milliseconds_of(system_clock::time_point time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

Problem entry_of(const v1::RevokeTokensRequest& request, SharedAccess::Entry& entry) {
  std::chrono::milliseconds remember = remembered_usually;
  const auto* const given = request.has_remember() ? &request.remember() : nullptr;
  if (auto problem = duration_of("remember", given, remembered_min, remembered_max, remember)) return problem;
  entry.set_until_ms(milliseconds_of(system_clock::now() + remember));
  if (!request.has_subject()) {
    entry.set_token_id(request.token_id());
    if (!request.token_id().empty() && request.token_id().size() <= token_id_bytes_max) return {};
    return misfit("tokens", "set to a token_id of 1 to 256 bytes, or to a subject");
  }
  const v1::SubjectTokens& subject = request.subject();
  if (subject.subject().empty() || subject.subject().size() > subject_bytes_max)
    return misfit("subject.subject", "1 to 4,096 bytes");
  entry.mutable_subject()->set_subject(subject.subject());
  entry.mutable_subject()->set_issued_before(subject.has_issued_before()
                                                 ? subject.issued_before().seconds()
                                                 : system_clock::to_time_t(system_clock::now()) + 1);
  return {};
}

workers::Revoked revoked_of(const SharedAccess::Entry& entry) {
  workers::Revoked revoked;
  revoked.token_id = entry.token_id();
  revoked.subject = entry.subject().subject();
  revoked.issued_before = entry.subject().issued_before();
  return revoked;
}

void add(const cluster::v1::AccessChanged& share, v1::RevokeTokensResponse& sum) {
  sum.set_disconnected(count_of(sum.disconnected() + share.disconnected()));
}
void add(const cluster::v1::AccessChanged& share, v1::BlockUserResponse& sum) {
  sum.set_disconnected(count_of(sum.disconnected() + share.disconnected()));
}
void add(const cluster::v1::AccessChanged& share, v1::UnblockUserResponse& sum) {
  sum.set_was_blocked(sum.was_blocked() || share.was_blocked());
}

template <class Response>
Outcome<Response> response_of(const Changes& shares) {
  Response sum;
  bool is_any = false;
  for (const auto& share : shares) {
    if (share.outcome) {
      add(*share.outcome, sum);
      is_any = true;
    } else {
      show_silent(share, *sum.add_silent_nodes());
    }
  }
  if (!is_any) return failure_of(shares.front());
  return sum;
}

}  // namespace

void Calls::revoke_tokens(const v1::RevokeTokensRequest& request, base::TimePoint deadline,
                          const Answer<v1::RevokeTokensResponse>& answer) {
  SharedAccess::Entry entry;
  if (auto problem = entry_of(request, entry)) return answer(*std::move(problem));
  change_access({entry, false, request.local(), deadline}, [answer](Outcome<Changes> shares) {
    if (!shares) return answer(std::move(shares.failure()));
    answer(response_of<v1::RevokeTokensResponse>(*shares));
  });
}

void Calls::block_user(const v1::BlockUserRequest& request, base::TimePoint deadline,
                       const Answer<v1::BlockUserResponse>& answer) {
  std::chrono::milliseconds duration = remembered_usually;
  const auto* const given = request.has_duration() ? &request.duration() : nullptr;
  if (auto problem = translator_.room("user", request.user())) return answer(*std::move(problem));
  if (auto problem = translator_.reason(request.reason())) return answer(*std::move(problem));
  if (auto problem = duration_of("duration", given, remembered_min, remembered_max, duration))
    return answer(*std::move(problem));
  SharedAccess::Entry entry;
  entry.set_user(request.user());
  entry.set_until_ms(milliseconds_of(system_clock::now() + duration));
  entry.set_reason(request.reason());
  change_access({entry, false, request.local(), deadline}, [answer](Outcome<Changes> shares) {
    if (!shares) return answer(std::move(shares.failure()));
    answer(response_of<v1::BlockUserResponse>(*shares));
  });
}

void Calls::unblock_user(const v1::UnblockUserRequest& request, base::TimePoint deadline,
                         const Answer<v1::UnblockUserResponse>& answer) {
  if (auto problem = translator_.room("user", request.user())) return answer(*std::move(problem));
  SharedAccess::Entry entry;
  entry.set_user(request.user());
  change_access({entry, true, request.local(), deadline}, [answer](Outcome<Changes> shares) {
    if (!shares) return answer(std::move(shares.failure()));
    answer(response_of<v1::UnblockUserResponse>(*shares));
  });
}

void Calls::change_access(const AccessWish& wish, const Answer<Changes>& answer) {
  if (wish.is_local || !access_.is_shared()) return change_access_here(wish, answer);
  if (!wish.is_removal && parts_.revocations.is_full())
    return answer(failure_of(keep_out(parts_.revocations, wish.entry).error()));
  const Answer<SharedAccess::Change> spread = [this, deadline = wish.deadline,
                                               answer](Outcome<SharedAccess::Change> change) {
    if (!change) return answer(std::move(change.failure()));
    nodes_.gather<SharedAccess::Change, cluster::v1::AccessChanged>(
        nodes_.everywhere(false), share_kinds::access_change, *change, deadline, share_of(&Calls::share_access_change),
        [answer](Changes shares) { answer(std::move(shares)); });
  };
  parts_.executor.post([this, entry = wish.entry, is_removal = wish.is_removal, spread] {
    if (is_removal) return access_.remove(entry, spread);
    access_.put(entry, spread);
  });
}

void Calls::change_access_here(const AccessWish& wish, const Answer<Changes>& answer) {
  const auto own = [this](Outcome<cluster::v1::AccessChanged> outcome) {
    Changes changes;
    changes.push_back({nodes_.own(), nodes_.own_name(), std::move(outcome), true});
    return changes;
  };
  if (wish.is_removal) {
    cluster::v1::AccessChanged changed;
    changed.set_was_blocked(parts_.revocations.unblock_user(wish.entry.user()));
    return answer(own(std::move(changed)));
  }
  const auto kept = keep_out(parts_.revocations, wish.entry);
  if (!kept) return answer(failure_of(kept.error()));
  end_those(wish.entry, wish.deadline,
            [own, answer](Outcome<cluster::v1::AccessChanged> outcome) { answer(own(std::move(outcome))); });
}

void Calls::share_access_change(const SharedAccess::Change& change, base::TimePoint deadline,
                                const Answer<cluster::v1::AccessChanged>& answer) {
  const auto taken = access_.take(change);
  if (!taken) return answer(failure_of(taken.error()));
  if (taken->is_current && !change.removed()) return end_those(change.entry(), deadline, answer);
  cluster::v1::AccessChanged changed;
  changed.set_was_blocked(taken->was_blocked);
  answer(std::move(changed));
}

void Calls::end_those(const SharedAccess::Entry& entry, base::TimePoint deadline,
                      const Answer<cluster::v1::AccessChanged>& answer) {
  // "Forbidden" in the registry of close codes.
  const workers::Ending blocked{workers::EndReason::disconnected, 3003,
                                entry.reason().empty() ? "blocked" : entry.reason()};
  const auto end_user = [blocked, user = entry.user(), &pool = parts_.pool](workers::Worker& worker) {
    std::uint64_t ended = 0;
    for (std::size_t at = 0; at < pool.namespaces().size(); ++at) {
      workers::Target target;
      target.name_space = base::NamespaceId{static_cast<std::uint16_t>(at)};
      target.rooms.push_back(workers::RoomKey::user(user));
      ended += workers::disconnect(worker, target, blocked);
    }
    return ended;
  };
  const auto end_revoked = [revoked = revoked_of(entry)](workers::Worker& worker) {
    return workers::revoke(worker, revoked);
  };
  std::function<std::uint64_t(workers::Worker&)> end = end_revoked;
  if (entry.has_user()) end = end_user;
  gather<std::uint64_t>(from_all(deadline), std::move(end), [answer](Outcome<std::vector<std::uint64_t>> parts) {
    if (!parts) return answer(std::move(parts.failure()));
    cluster::v1::AccessChanged changed;
    changed.set_disconnected(sum_of(*parts));
    answer(std::move(changed));
  });
}

}  // namespace sluice::control
