#include "control/gatekeeper.hpp"

#include <google/protobuf/message.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/log.hpp"

namespace sluice::control {
namespace {

constexpr std::size_t request_bytes_max = 400;  // of one, in the audit log

Failure refusal(base::Errc code, std::string message) { return {.code = code, .message = std::move(message)}; }

// The credentials behind "Bearer ", whose name has no case (RFC 9110, 11.1); nothing if there are none.
std::string_view bearer_of(std::string_view authorization) {
  constexpr std::string_view scheme = "bearer ";
  const bool is_bearer = authorization.size() > scheme.size() &&
                         std::ranges::equal(authorization.substr(0, scheme.size()), scheme, {}, [](char c) {
                           return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
                         });
  return is_bearer ? authorization.substr(scheme.size()) : std::string_view{};
}

}  // namespace

Outcome<identity::Caller> Gatekeeper::caller_of_token(std::string_view token) const {
  const auto now = std::chrono::system_clock::now();
  const auto claims = identity::verify_token(token, *identity_.keys->get(), identity_.rules, now);
  if (!claims) return refusal(base::Errc::unauthenticated, claims.error().detail);
  if (const auto why = identity_.revocations->misfit(*claims, now); !why.empty()) {
    return refusal(base::Errc::unauthenticated, "the token " + std::string(why));
  }
  const auto scopes = identity::Scopes::of(claims->scopes);
  if (!scopes || scopes->empty()) {
    return refusal(base::Errc::forbidden, "the token has no scopes for calls (sluice.scopes)");
  }
  return identity::Caller{claims->subject, *scopes};
}

Outcome<identity::Caller> Gatekeeper::caller_of(const Credentials& shown) const {
  const std::string_view bearer = bearer_of(shown.authorization);
  const bool is_token = std::ranges::count(bearer, '.') == 2;
  if (is_token && identity_.keys != nullptr) return caller_of_token(bearer);
  if (identity_.list != nullptr) {
    const auto list = identity_.list->get();
    if (!bearer.empty()) {
      if (const auto* const caller = list->by_key(bearer)) return *caller;
      return refusal(base::Errc::unauthenticated, "the API key is not one that is known here");
    }
    if (const auto* const caller = list->by_certificate(shown.alternative_names)) return *caller;
    if (!shown.alternative_names.empty()) {
      return refusal(base::Errc::unauthenticated, "the client certificate is of nobody who is known here");
    }
  }
  return refusal(base::Errc::unauthenticated,
                 "calls need credentials: authorization: Bearer KEY, or a client certificate");
}

Gatekeeper::Admitted Gatekeeper::admit(Method method, const Credentials& shown) const {
  if (!is_wanted()) return {};
  auto caller = caller_of(shown);
  if (!caller) return {{}, std::move(caller.failure())};
  const identity::Scope needed = scope_of(method);
  if (caller->scopes.allow(needed)) return {std::move(caller->name), std::nullopt};
  return {std::move(caller->name),
          refusal(base::Errc::forbidden,
                  "this call needs the scope " + std::string(name_of(needed)) + ", which the caller does not have")};
}

bool Gatekeeper::audits(Method method) const {
  switch (scope_of(method)) {
    case identity::Scope::read:
      return false;
    case identity::Scope::publish:
      return options_.audit_log == AuditLog::all;
    case identity::Scope::backend:
    case identity::Scope::admin:
      break;
  }
  return options_.audit_log != AuditLog::off;
}

void Gatekeeper::audit(Method method, std::string_view caller, std::string_view peer, int status,
                       const google::protobuf::Message* request) const {
  if (!audits(method)) return;
  const bool is_change = scope_of(method) != identity::Scope::publish;
  // What is published is its publisher's business.
  std::string text = is_change && request != nullptr ? request->ShortDebugString() : std::string();
  if (text.size() > request_bytes_max) text.resize(request_bytes_max);
  const auto code = static_cast<std::size_t>(status) < status_names.size() ? static_cast<std::size_t>(status) : 2;
  base::log_info("audit", {{"call", method_names[static_cast<std::size_t>(method)]},
                           {"caller", caller},
                           {"peer", peer},
                           {"status", status_names[code]},
                           {"request", text}});
}

}  // namespace sluice::control
