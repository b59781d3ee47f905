#pragma once
// Nkey: a NATS user's Ed25519 key pair (docs.nats.io, NKeys; their writing is that of github.com/nats-io/nkeys): base32
// of a prefix, the key and a CRC-16. It signs the nonce that a server sends.

#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace sluice::cluster {

class Nkey {
 public:
  // Whose key it is: the first letter of its public text, and the second of its seed.
  enum class Kind : char { operator_ = 'O', account = 'A', user = 'U' };

  // Takes a seed, S and the letter of `kind` first. Errc::bad_request says what is wrong, without the seed.
  static base::Result<Nkey> from_seed(std::string_view seed, Kind kind = Kind::user);
  // Makes one of 32 bytes, which are random.
  static Nkey from_bytes(std::string_view bytes, Kind kind);

  // 56 letters, those of `kind` first.
  const std::string& public_text() const { return public_text_; }
  std::string seed_text() const;
  // 64 bytes.
  std::string sign(std::string_view text) const;

 private:
  Nkey(std::shared_ptr<void> pair, Kind kind);

  std::shared_ptr<void> pair_;  // OpenSSL's key
  Kind kind_;
  std::string public_text_;
};

// Base64url without padding (RFC 4648, 5), as signatures and tokens are sent.
std::string to_base64url(std::string_view bytes);

}  // namespace sluice::cluster
