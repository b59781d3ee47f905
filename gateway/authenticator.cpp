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

}  // namespace

Authenticator::Authenticator(const Options& options, const ClientIdentity& identity)
    : options_(options), identity_(identity), places_(places_of(options, identity.places)) {
  if (identity.keys != nullptr) keys_.emplace(*identity.keys);
}

base::Result<std::optional<Admission>> Authenticator::of_request(const HttpHead& head, const RequestTarget& target) {
  const auto token = knows_tokens() ? find_token(head, target, places_) : std::nullopt;
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
  if (claims->expires) {
    credentials.good_until =
        std::chrono::system_clock::time_point(std::chrono::seconds(*claims->expires)) + identity_.rules.skew;
  }
  admission.credentials = std::make_shared<const workers::Credentials>(std::move(credentials));
  return admission;
}

base::Result<Admission> Authenticator::with_verdict(Admission admission, const workers::Verdict& verdict) const {
  if (!verdict.user.empty()) admission.user = verdict.user;
  const auto* const revocations = identity_.revocations;
  if (revocations != nullptr && revocations->is_blocked(admission.user, std::chrono::system_clock::now())) {
    return fail(Errc::forbidden, "the user is blocked");
  }
  add_rooms(admission.rooms, verdict.rooms);
  if (verdict.labels.empty() && !verdict.good_until && !verdict.join && !verdict.publish) return admission;
  auto credentials = admission.credentials ? *admission.credentials : workers::Credentials();
  for (const auto& label : verdict.labels) base::set_label(credentials.labels, label);
  if (verdict.good_until && (!credentials.good_until || *verdict.good_until < *credentials.good_until)) {
    credentials.good_until = verdict.good_until;
  }
  if (verdict.join) credentials.join = verdict.join;
  if (verdict.publish) credentials.publish = verdict.publish;
  admission.credentials = std::make_shared<const workers::Credentials>(std::move(credentials));
  return admission;
}

}  // namespace sluice::gateway
