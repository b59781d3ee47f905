// RevokeTokens, BlockUser and UnblockUser: who is kept out from now on, and whoever of them is in goes.

#include "control/calls.hpp"
#include "control/duration_field.hpp"
#include "identity/revocations.hpp"

namespace sluice::control {
namespace {

using std::chrono::system_clock;

constexpr std::chrono::milliseconds remembered_min{1'000}, remembered_max{std::chrono::hours(264)};
constexpr std::chrono::hours remembered_usually{24};
constexpr std::size_t token_id_bytes_max = 256, subject_bytes_max = 4096;

}  // namespace

void Calls::revoke_tokens(const v1::RevokeTokensRequest& request, base::TimePoint deadline,
                          const Answer<v1::RevokeTokensResponse>& answer) {
  std::chrono::milliseconds remember = remembered_usually;
  const auto* const given = request.has_remember() ? &request.remember() : nullptr;
  if (auto problem = duration_of("remember", given, remembered_min, remembered_max, remember))
    return answer(*std::move(problem));
  const auto until = system_clock::now() + remember;
  workers::Revoked revoked;
  base::Status status = base::ok();
  if (request.has_subject()) {
    revoked.subject = request.subject().subject();
    if (revoked.subject.empty() || revoked.subject.size() > subject_bytes_max)
      return answer(misfit("subject.subject", "1 to 4,096 bytes"));
    revoked.issued_before = request.subject().has_issued_before() ? request.subject().issued_before().seconds()
                                                                  : system_clock::to_time_t(system_clock::now()) + 1;
    status = parts_.revocations.revoke_subject(revoked.subject, revoked.issued_before, until);
  } else {
    revoked.token_id = request.token_id();
    if (revoked.token_id.empty() || revoked.token_id.size() > token_id_bytes_max)
      return answer(misfit("tokens", "set to a token_id of 1 to 256 bytes, or to a subject"));
    status = parts_.revocations.revoke_id(revoked.token_id, until);
  }
  if (!status) return answer(failure_of(status.error()));
  gather<std::uint64_t>(
      from_all(deadline), [revoked](workers::Worker& worker) { return workers::revoke(worker, revoked); },
      [answer](Outcome<std::vector<std::uint64_t>> parts) {
        if (!parts) return answer(std::move(parts.failure()));
        v1::RevokeTokensResponse response;
        response.set_disconnected(count_of(sum_of(*parts)));
        answer(std::move(response));
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
  const auto status = parts_.revocations.block_user(request.user(), system_clock::now() + duration);
  if (!status) return answer(failure_of(status.error()));
  // "Forbidden" in the registry of close codes.
  const workers::Ending ending{workers::EndReason::disconnected, 3003,
                               request.reason().empty() ? "blocked" : request.reason()};
  gather<std::uint64_t>(
      from_all(deadline),
      [ending, user = request.user(), &pool = parts_.pool](workers::Worker& worker) {
        std::uint64_t ended = 0;
        for (std::size_t at = 0; at < pool.namespaces().size(); ++at) {
          workers::Target target;
          target.name_space = base::NamespaceId{static_cast<std::uint16_t>(at)};
          target.rooms.push_back(workers::RoomKey::user(user));
          ended += workers::disconnect(worker, target, ending);
        }
        return ended;
      },
      [answer](Outcome<std::vector<std::uint64_t>> parts) {
        if (!parts) return answer(std::move(parts.failure()));
        v1::BlockUserResponse response;
        response.set_disconnected(count_of(sum_of(*parts)));
        answer(std::move(response));
      });
}

void Calls::unblock_user(const v1::UnblockUserRequest& request, base::TimePoint,
                         const Answer<v1::UnblockUserResponse>& answer) {
  if (auto problem = translator_.room("user", request.user())) return answer(*std::move(problem));
  v1::UnblockUserResponse response;
  response.set_was_blocked(parts_.revocations.unblock_user(request.user()));
  answer(std::move(response));
}

}  // namespace sluice::control
