#pragma once
// Tokens: JSON Web Tokens (RFC 7519) in their compact form (RFC 7515, 7.1), checked and made.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/labels.hpp"
#include "base/result.hpp"
#include "identity/key_set.hpp"

namespace sluice::identity {

inline constexpr std::size_t token_bytes_max = 8192;

// Times are Unix time in seconds.
struct Claims {
  std::string subject, issuer, id;
  std::vector<std::string> audiences;
  std::optional<std::int64_t> expires, not_before, issued;

  // What is ours, in the member "sluice".
  std::vector<std::string> rooms;  // that it is put into
  base::Labels labels = {};
  std::vector<std::string> scopes = {};             // of a caller of the control plane
  std::optional<std::vector<std::string>> join;     // patterns of rooms that it may ask for; nothing: as for anyone
  std::optional<std::vector<std::string>> publish;  // patterns of rooms that it may speak to; nothing: all of its own
};

struct TokenRules {
  std::string issuer;                  // empty: any
  std::vector<std::string> audiences;  // one of which a token has to have; empty: any
  std::chrono::seconds skew{30};       // by which clocks may differ
  bool needs_expiry = true;
};

// What the token says, if it is signed by one of the keys and good now. Errc::unauthenticated says why not, without
// anything of the token itself; Errc::not_found that there is no such key. Any thread.
base::Result<Claims> verify_token(std::string_view token, const KeySet& keys, const TokenRules& rules,
                                  std::chrono::system_clock::time_point now);

// What the token says, whoever made it, as it is written: one JSON object. For people to look at, not to rely on.
base::Result<std::string> claims_of(std::string_view token);

// `key` can sign.
base::Result<std::string> make_token(const Claims& claims, const Key& key, Algorithm algorithm,
                                     const std::string& key_id);

}  // namespace sluice::identity
