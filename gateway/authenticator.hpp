#pragma once
// Authenticator: from what a client shows to an admission. One a worker.

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/snapshot.hpp"
#include "gateway/admission.hpp"
#include "gateway/options.hpp"
#include "gateway/token_finder.hpp"
#include "identity/key_set.hpp"
#include "identity/revocations.hpp"
#include "identity/token.hpp"
#include "workers/backend.hpp"

namespace sluice::gateway {

// How clients say who they are. Shared by all workers; what it refers to outlives them.
struct ClientIdentity {
  const base::Snapshot<identity::KeySet>* keys = nullptr;  // null: they cannot
  const identity::Revocations* revocations = nullptr;
  identity::TokenRules rules;
  TokenPlaces places;
  std::function<void()> on_unknown_key = [] {};  // a token names a key that is not there
};

class Authenticator {
 public:
  // Both outlive this.
  Authenticator(const Options& options, const ClientIdentity& identity);

  // Whether clients can show tokens at all.
  bool knows_tokens() const { return keys_.has_value(); }
  // The token of a request; nothing if it has none, or none is looked for.
  std::optional<std::string> token_of(const HttpHead& head, const RequestTarget& target) const;
  // By the token of a request; nothing if it has none.
  base::Result<std::optional<Admission>> of_request(const HttpHead& head, const RequestTarget& target);
  base::Result<Admission> of_token(std::string_view token);
  // Without a token. Errc::unauthenticated if one is needed.
  base::Result<Admission> of_nobody() const;
  // What a verdict makes of it, if it still holds.
  base::Result<Admission> with_verdict(Admission admission, const workers::Verdict& verdict) const;

  // Whether what a client was let in by still holds a while later. Errc::unauthenticated if its token was revoked
  // meanwhile, forbidden if its user is blocked.
  base::Status still_holds(const Admission& admission) const;

  // By the token that a client shows in place of the one that it came in with; `present` are its credentials, or null,
  // `user` as whom it is in. Errc::forbidden if the token is another's. What a verdict said still holds.
  base::Result<Admission> renewed(std::string_view token, const workers::Credentials* present, const std::string& user);

 private:
  // Why its token is good no more; empty: it is, or there is none.
  std::string revoked(const Admission& admission) const;

  const Options& options_;
  const ClientIdentity& identity_;
  const TokenPlaces places_;
  std::optional<base::Snapshot<identity::KeySet>::Reader> keys_;
};

}  // namespace sluice::gateway
