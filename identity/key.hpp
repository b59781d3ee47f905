#pragma once
// Key: what a token's signature is checked with, or made with. A key fits the algorithms of its own kind alone, so that
// nobody can have a public key taken for a secret.

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "identity/algorithm.hpp"

namespace sluice::identity {

class Key {
 public:
  // A shared secret, for HS256, HS384 and HS512; at least 32 bytes.
  static base::Result<Key> from_secret(std::string secret);
  // A public key, a certificate or a private key in PEM: RSA of 2,048 bits and more, P-256, P-384, P-521 or Ed25519.
  static base::Result<Key> from_pem(std::string_view text);
  // One key of RFC 7517, as JSON: of the types oct, RSA, EC and OKP (Ed25519).
  static base::Result<Key> from_jwk(std::string_view json);

  // Empty: it has none.
  const std::string& id() const { return id_; }
  bool fits(Algorithm algorithm) const;
  // Any thread. `algorithm` fits.
  bool verifies(Algorithm algorithm, std::string_view text, std::string_view signature) const;
  // Needs a secret or a private key. `algorithm` fits.
  base::Result<std::string> sign(Algorithm algorithm, std::string_view text) const;

 private:
  enum class Kind : std::uint8_t { secret, rsa, p256, p384, p521, ed25519 };
  static base::Result<Key> of(std::shared_ptr<void> pair);

  Kind kind_ = Kind::secret;
  std::string id_;
  std::optional<Algorithm> only_;  // which alone it may be used with, if it says so
  std::string secret_;
  std::shared_ptr<void> pair_;  // OpenSSL's key, or null
};

}  // namespace sluice::identity
