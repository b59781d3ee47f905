#pragma once
// What can be set about tokens: the keys that they are signed with, and what they have to say.

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::identity {

struct Options {
  static constexpr std::string_view section = "Tokens";

  std::vector<std::string> token_secret;
  std::vector<std::string> token_keys;
  std::vector<std::string> token_jwks;
  std::chrono::milliseconds token_jwks_refresh_seconds{300'000};
  std::string token_issuer;
  std::vector<std::string> token_audience;
  std::chrono::seconds token_skew_seconds{30};
  std::string token_cookie;
  bool token_in_query = false;

  // Whether clients can say who they are.
  bool has_keys() const { return !token_secret.empty() || !token_keys.empty() || !token_jwks.empty(); }

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.option(
        "token-secret", token_secret,
        {.sentence = "A secret that tokens (JWT) may be signed with by HS256, HS384 or HS512; better given by "
                     "the environment or the file, as others see a command line.",
         .misfit = secret_misfit,
         .is_secret = true});
    visitor.option(
        "token-keys", token_keys,
        {.sentence = "A file with the key that tokens may be signed with: a public key or certificate in PEM "
                     "(RS, ES, EdDSA). Read again when it changes."});
    visitor.option("token-jwks", token_jwks,
                   {.sentence = "A JSON Web Key Set: a file, read again when it changes, or an http or https URL, read "
                                "again in time and when a token names a key that is not in it."});
    visitor.option(
        "token-jwks-refresh-seconds", token_jwks_refresh_seconds,
        {.unit = "seconds",
         .min = 1,
         .max = 86'400,
         .sentence = "How often a key set is fetched from its URL; one that cannot be leaves the last in use."});
    visitor.option("token-issuer", token_issuer, {.sentence = "What a token's iss has to be; empty: anything."});
    visitor.option("token-audience", token_audience,
                   {.sentence = "One of which a token's aud has to name; none: anything."});
    visitor.option("token-skew-seconds", token_skew_seconds,
                   {.unit = "seconds", .max = 3600, .sentence = "By how much clocks may differ from the issuer's."});
    visitor.option("token-cookie", token_cookie,
                   {.sentence = "The cookie in which a client's token may come; empty: none. Cookies count only where "
                                "--allowed-origins is not *."});
    visitor.option("token-in-query", token_in_query,
                   {.sentence = "Take tokens from the query (?token=), too, where others' logs may keep them."});
  }

  std::vector<std::string> validate() const { return {}; }

 private:
  static std::string_view secret_misfit(std::string_view secret) {
    return secret.size() < 32 ? std::string_view("a secret of at least 32 bytes") : std::string_view{};
  }
};

}  // namespace sluice::identity
