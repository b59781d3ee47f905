#include "gateway/authenticator.hpp"

#include <algorithm>
#include <utility>

#include "gateway/subscription.hpp"

namespace sluice::gateway {
namespace {

using base::Errc;
using base::fail;

// A cookie comes from any page that may connect at all.
TokenPlaces places_of(const Options& options, TokenPlaces places) {
  const auto& origins = options.allowed_origins;
  if (std::ranges::find(origins, any_origin) != origins.end()) places.cookie.clear();
  return places;
}

std::shared_ptr<const workers::Credentials> with_allowance(const workers::Credentials* before,
                                                           const std::shared_ptr<const workers::Allowance>& allowance) {
  auto credentials = std::make_shared<workers::Credentials>();
  if (before != nullptr) *credentials = *before;
  for (const auto& label : allowance->labels) base::set_label(credentials->labels, label);
  const auto& until = allowance->good_until;
  if (until && (!credentials->good_until || *until < *credentials->good_until)) credentials->good_until = until;
  if (allowance->join) credentials->join = allowance->join;
  if (allowance->publish) credentials->publish = allowance->publish;
  credentials->allowance = allowance;
  return credentials;
}

}  // namespace

Authenticator::Authenticator(const Options& options, const ClientIdentity& identity)
    : options_(options), identity_(identity), places_(places_of(options, identity.places)) {
  if (identity.keys != nullptr) keys_.emplace(*identity.keys);
}

std::optional<std::string> Authenticator::token_of(const HttpHead& head, const RequestTarget& target) const {
  return knows_tokens() ? find_token(head, target, places_) : std::nullopt;
}

base::Result<std::optional<Admission>> Authenticator::of_request(const HttpHead& head, const RequestTarget& target) {
  const auto token = token_of(head, target);
  if (!token) return std::optional<Admission>();
  auto admission = of_token(*token);
  if (!admission) return admission.error();
  return std::optional(*std::move(admission));
}

base::Result<Admission> Authenticator::of_nobody() const {
  if (!knows_tokens() || options_.allow_anonymous) return Admission();
  return fail(Errc::unauthenticated, "a token is needed, and none was shown");
}

base::Result<Admission> Authenticator::of_token(std::string_view token) {
  const auto now = std::chrono::system_clock::now();
  auto claims = identity::verify_token(token, *keys_->get(), identity_.rules, now);
  if (!claims) {
    if (claims.error().code == Errc::not_found) identity_.on_unknown_key();
    return fail(Errc::unauthenticated, claims.error().detail);
  }
  if (const auto why = identity_.revocations->misfit(*claims, now); !why.empty()) {
    return fail(Errc::unauthenticated, "the token " + std::string(why));
  }
  Admission admission;
  if (!claims->subject.empty() && !check_name(claims->subject, options_)) {
    return fail(Errc::unauthenticated, "the token has a claim sub that is no user's name");
  }
  admission.user = claims->subject;
  for (const std::string& room : claims->rooms) {
    if (!check_name(room, options_)) return fail(Errc::unauthenticated, "the token names a room that can be none");
    add_rooms(admission.rooms, {workers::RoomKey::room(room)});
  }
  workers::Credentials credentials{
      std::move(claims->subject), std::move(claims->id),      claims->issued,           std::nullopt,
      std::move(claims->join),    std::move(claims->publish), std::move(claims->labels)};
  // What is further than a clock can count is as good as for ever.
  constexpr std::int64_t counted_max = 9'000'000'000;
  if (claims->expires && *claims->expires < counted_max) {
    credentials.good_until =
        std::chrono::system_clock::time_point(std::chrono::seconds(*claims->expires)) + identity_.rules.skew;
  }
  admission.credentials = std::make_shared<const workers::Credentials>(std::move(credentials));
  return admission;
}

base::Result<Admission> Authenticator::with_verdict(Admission admission, const workers::Verdict& verdict) const {
  if (!verdict.user.empty()) admission.user = verdict.user;
  // The verdict took its time: what the token was worth then need not hold now.
  if (const auto status = still_holds(admission); !status) return status.error();
  add_rooms(admission.rooms, verdict.rooms);
  auto allowance = std::make_shared<workers::Allowance>(verdict.allowance);
  for (const workers::RoomKey& key : verdict.rooms) allowance->rooms.push_back(key.name);
  if (!allowance->empty()) admission.credentials = with_allowance(admission.credentials.get(), allowance);
  return admission;
}

base::Status Authenticator::still_holds(const Admission& admission) const {
  if (const auto why = revoked(admission); !why.empty()) return fail(Errc::unauthenticated, "the token " + why);
  const auto* const revocations = identity_.revocations;
  if (revocations != nullptr && revocations->is_blocked(admission.user, std::chrono::system_clock::now())) {
    return fail(Errc::forbidden, "the user is blocked");
  }
  return base::ok();
}

std::string Authenticator::revoked(const Admission& admission) const {
  const workers::Credentials* const credentials = admission.credentials.get();
  if (credentials == nullptr || identity_.revocations == nullptr) return {};
  identity::Claims claims;
  claims.subject = credentials->subject;
  claims.id = credentials->token_id;
  claims.issued = credentials->issued;
  return std::string(identity_.revocations->misfit(claims, std::chrono::system_clock::now()));
}

base::Result<Admission> Authenticator::renewed(std::string_view token, const workers::Credentials* present,
                                               const std::string& user) {
  if (!knows_tokens()) return fail(Errc::bad_request, "tokens are not used here");
  auto admission = of_token(token);
  if (!admission) return admission;
  // As whom the client came in, by its token or by a verdict, it stays.
  const std::string& was = present != nullptr && !present->subject.empty() ? present->subject : user;
  if (admission->credentials->subject != was) {
    return fail(Errc::forbidden, "the token is another user's; connect anew to be somebody else");
  }
  if (present != nullptr && present->allowance) {
    admission->credentials = with_allowance(admission->credentials.get(), present->allowance);
    for (const std::string& room : present->allowance->rooms) {
      add_rooms(admission->rooms, {workers::RoomKey::room(room)});
    }
  }
  if (present != nullptr) {
    for (const auto& place : present->places) hold(*admission, place);
  }
  return admission;
}

}  // namespace sluice::gateway
