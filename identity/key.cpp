#include "identity/key.hpp"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <array>

#include "base/json_scanner.hpp"
#include "identity/base64url.hpp"

namespace sluice::identity {
namespace {

using base::Errc;
using base::fail;

constexpr std::size_t secret_bytes_min = 32;  // RFC 7518, 3.2: as many as the hash has
constexpr int rsa_bits_min = 2048;            // RFC 7518, 3.3

template <class T, void (*free)(T*)>
struct Free {
  void operator()(T* one) const { free(one); }
};
void free_bio(BIO* bio) { BIO_free_all(bio); }
using Bio = std::unique_ptr<BIO, Free<BIO, free_bio>>;
using Number = std::unique_ptr<BIGNUM, Free<BIGNUM, BN_free>>;
using Signature = std::unique_ptr<ECDSA_SIG, Free<ECDSA_SIG, ECDSA_SIG_free>>;
using Digest = std::unique_ptr<EVP_MD_CTX, Free<EVP_MD_CTX, EVP_MD_CTX_free>>;
using Context = std::unique_ptr<EVP_PKEY_CTX, Free<EVP_PKEY_CTX, EVP_PKEY_CTX_free>>;
using Builder = std::unique_ptr<OSSL_PARAM_BLD, Free<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free>>;
using Parameters = std::unique_ptr<OSSL_PARAM, Free<OSSL_PARAM, OSSL_PARAM_free>>;

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
EVP_PKEY* pair_of(const std::shared_ptr<void>& pair) { return static_cast<EVP_PKEY*>(pair.get()); }

const EVP_MD* hash_of(Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::hs256:
    case Algorithm::rs256:
    case Algorithm::es256:
      return EVP_sha256();
    case Algorithm::hs384:
    case Algorithm::rs384:
    case Algorithm::es384:
      return EVP_sha384();
    case Algorithm::hs512:
    case Algorithm::rs512:
    case Algorithm::es512:
      return EVP_sha512();
    case Algorithm::eddsa:
      break;
  }
  return nullptr;
}

// Of each of the two numbers of an ECDSA signature (RFC 7518, 3.4); 0 for other algorithms.
std::size_t ecdsa_bytes(Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::es256:
      return 32;
    case Algorithm::es384:
      return 48;
    case Algorithm::es512:
      return 66;
    default:
      return 0;
  }
}

// OpenSSL has its own writing of ECDSA's two numbers. Empty: it is none.
std::string der_of(std::string_view signature, std::size_t half) {
  if (signature.size() != 2 * half) return {};
  const Signature both(ECDSA_SIG_new());
  Number r(BN_bin2bn(bytes_of(signature), static_cast<int>(half), nullptr));
  Number s(BN_bin2bn(bytes_of(signature) + half, static_cast<int>(half), nullptr));
  if (!both || !r || !s || ECDSA_SIG_set0(both.get(), r.get(), s.get()) != 1) return {};
  static_cast<void>(r.release());
  static_cast<void>(s.release());
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(both.get(), &der);
  if (size <= 0) return {};
  std::string text(reinterpret_cast<char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  return text;
}

std::string from_der(const std::string& der, std::size_t half) {
  const unsigned char* at = bytes_of(der);
  const Signature both(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())));
  std::string text(2 * half, '\0');
  auto* const out = reinterpret_cast<unsigned char*>(text.data());
  if (!both || BN_bn2binpad(ECDSA_SIG_get0_r(both.get()), out, static_cast<int>(half)) < 0 ||
      BN_bn2binpad(ECDSA_SIG_get0_s(both.get()), out + half, static_cast<int>(half)) < 0) {
    return {};
  }
  return text;
}

std::string hmac(Algorithm algorithm, const std::string& secret, std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> out;
  unsigned size = 0;
  HMAC(hash_of(algorithm), secret.data(), static_cast<int>(secret.size()), bytes_of(text), text.size(), out.data(),
       &size);
  return {reinterpret_cast<char*>(out.data()), size};
}

std::shared_ptr<void> own(EVP_PKEY* key) {
  return key == nullptr ? nullptr
                        : std::shared_ptr<void>(key, [](void* one) { EVP_PKEY_free(static_cast<EVP_PKEY*>(one)); });
}

Bio bio_of(std::string_view text) { return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))); }

// A private key's passphrase is never asked for.
int no_passphrase(char*, int, int, void*) { return 0; }

std::shared_ptr<void> read_pem(std::string_view text) {
  if (text.find("PRIVATE KEY-----") != std::string_view::npos) {
    return own(PEM_read_bio_PrivateKey(bio_of(text).get(), nullptr, no_passphrase, nullptr));
  }
  if (text.find("-----BEGIN CERTIFICATE-----") != std::string_view::npos) {
    const std::unique_ptr<X509, Free<X509, X509_free>> certificate(
        PEM_read_bio_X509(bio_of(text).get(), nullptr, no_passphrase, nullptr));
    return certificate ? own(X509_get_pubkey(certificate.get())) : nullptr;
  }
  return own(PEM_read_bio_PUBKEY(bio_of(text).get(), nullptr, no_passphrase, nullptr));
}

// --- RFC 7517 and 7518, 6 ---

struct Jwk {
  std::vector<base::JsonMember> members;

  std::string text(std::string_view name) const {
    for (const base::JsonMember& member : members) {
      const bool is_it = member.name.size() == name.size() + 2 && member.name.substr(1, name.size()) == name;
      if (is_it && member.value.front() == '"') return base::json_string(member.value);
    }
    return {};
  }
  // Empty if it is missing or no base64url.
  std::string bytes(std::string_view name) const { return from_base64url(text(name)).value_or(std::string()); }
};

std::shared_ptr<void> build(const char* type, const Builder& builder) {
  const Parameters parameters(OSSL_PARAM_BLD_to_param(builder.get()));
  const Context context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* made = nullptr;
  if (!parameters || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &made, EVP_PKEY_PUBLIC_KEY, parameters.get()) != 1) {
    return nullptr;
  }
  return own(made);
}

std::shared_ptr<void> rsa_of(const Jwk& jwk) {
  const std::string modulus = jwk.bytes("n"), exponent = jwk.bytes("e");
  if (modulus.empty() || exponent.empty() || modulus.size() > 2048 || exponent.size() > 8) return nullptr;
  const Number n(BN_bin2bn(bytes_of(modulus), static_cast<int>(modulus.size()), nullptr));
  const Number e(BN_bin2bn(bytes_of(exponent), static_cast<int>(exponent.size()), nullptr));
  const Builder builder(OSSL_PARAM_BLD_new());
  if (!n || !e || !builder || OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) != 1) {
    return nullptr;
  }
  return build("RSA", builder);
}

std::shared_ptr<void> ec_of(const Jwk& jwk) {
  struct Curve {
    std::string_view jwk, openssl;
    std::size_t bytes;
  };
  static constexpr std::array<Curve, 3> curves{
      {{"P-256", "prime256v1", 32}, {"P-384", "secp384r1", 48}, {"P-521", "secp521r1", 66}}};
  const std::string name = jwk.text("crv"), x = jwk.bytes("x"), y = jwk.bytes("y");
  for (const Curve& curve : curves) {
    if (curve.jwk != name) continue;
    if (x.size() != curve.bytes || y.size() != curve.bytes) return nullptr;
    std::string point(1, '\x04');
    point.append(x).append(y);
    const Builder builder(OSSL_PARAM_BLD_new());
    if (!builder ||
        OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, curve.openssl.data(), 0) != 1 ||
        OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()) != 1) {
      return nullptr;
    }
    return build("EC", builder);
  }
  return nullptr;
}

std::shared_ptr<void> okp_of(const Jwk& jwk) {
  const std::string x = jwk.bytes("x");
  if (jwk.text("crv") != "Ed25519" || x.size() != 32) return nullptr;
  return own(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes_of(x), x.size()));
}

}  // namespace

base::Result<Key> Key::from_secret(std::string secret) {
  if (secret.size() < secret_bytes_min) {
    return fail(Errc::bad_request, "a secret has at least " + std::to_string(secret_bytes_min) + " bytes");
  }
  Key key;
  key.secret_ = std::move(secret);
  return key;
}

base::Result<Key> Key::of(std::shared_ptr<void> pair) {
  Key key;
  key.pair_ = std::move(pair);
  switch (EVP_PKEY_get_base_id(pair_of(key.pair_))) {
    case EVP_PKEY_RSA:
      if (EVP_PKEY_get_bits(pair_of(key.pair_)) < rsa_bits_min) {
        return fail(Errc::bad_request, "an RSA key has at least 2048 bits");
      }
      key.kind_ = Kind::rsa;
      return key;
    case EVP_PKEY_ED25519:
      key.kind_ = Kind::ed25519;
      return key;
    case EVP_PKEY_EC: {
      std::array<char, 32> name{};
      EVP_PKEY_get_utf8_string_param(pair_of(key.pair_), OSSL_PKEY_PARAM_GROUP_NAME, name.data(), name.size(), nullptr);
      const std::string_view curve(name.data());
      if (curve != "prime256v1" && curve != "secp384r1" && curve != "secp521r1") break;
      key.kind_ = curve == "prime256v1" ? Kind::p256 : curve == "secp384r1" ? Kind::p384 : Kind::p521;
      return key;
    }
    default:
      break;
  }
  return fail(Errc::bad_request, "a key is RSA, of the curves P-256, P-384 or P-521, or Ed25519");
}

base::Result<Key> Key::from_pem(std::string_view text) {
  auto pair = read_pem(text);
  if (!pair) return fail(Errc::bad_request, "it is no public key, certificate or unencrypted private key in PEM");
  return of(std::move(pair));
}

base::Result<Key> Key::from_jwk(std::string_view json) {
  auto members = base::json_members(json);
  if (!members) return fail(Errc::bad_request, "a key is a JSON object");
  const Jwk jwk{*std::move(members)};
  const std::string type = jwk.text("kty");
  base::Result<Key> key = fail(Errc::bad_request, "a key's kty is oct, RSA, EC or OKP");
  if (type == "oct") {
    key = from_secret(jwk.bytes("k"));
  } else if (type == "RSA" || type == "EC" || type == "OKP") {
    auto pair = type == "RSA" ? rsa_of(jwk) : type == "EC" ? ec_of(jwk) : okp_of(jwk);
    if (!pair) return fail(Errc::bad_request, "the numbers of a key of type " + type + " are none");
    key = of(std::move(pair));
  }
  if (!key) return key;
  if (const std::string use = jwk.text("use"); !use.empty() && use != "sig") {
    return fail(Errc::bad_request, "a key is not for signatures");
  }
  key->id_ = jwk.text("kid");
  if (const std::string name = jwk.text("alg"); !name.empty()) {
    key->only_ = parse_algorithm(name);
    if (!key->only_ || !key->fits(*key->only_)) return fail(Errc::bad_request, "a key's alg does not fit its kty");
  }
  return key;
}

bool Key::fits(Algorithm algorithm) const {
  if (only_ && *only_ != algorithm) return false;
  switch (algorithm) {
    case Algorithm::hs256:
    case Algorithm::hs384:
    case Algorithm::hs512:
      return kind_ == Kind::secret;
    case Algorithm::rs256:
    case Algorithm::rs384:
    case Algorithm::rs512:
      return kind_ == Kind::rsa;
    case Algorithm::es256:
      return kind_ == Kind::p256;
    case Algorithm::es384:
      return kind_ == Kind::p384;
    case Algorithm::es512:
      return kind_ == Kind::p521;
    case Algorithm::eddsa:
      return kind_ == Kind::ed25519;
  }
  return false;
}

bool Key::verifies(Algorithm algorithm, std::string_view text, std::string_view signature) const {
  if (kind_ == Kind::secret) {
    const std::string wanted = hmac(algorithm, secret_, text);
    return wanted.size() == signature.size() && CRYPTO_memcmp(wanted.data(), signature.data(), wanted.size()) == 0;
  }
  std::string der;
  if (const std::size_t half = ecdsa_bytes(algorithm); half > 0) {
    der = der_of(signature, half);
    if (der.empty()) return false;
    signature = der;
  }
  const Digest digest(EVP_MD_CTX_new());
  return digest && EVP_DigestVerifyInit(digest.get(), nullptr, hash_of(algorithm), nullptr, pair_of(pair_)) == 1 &&
         EVP_DigestVerify(digest.get(), bytes_of(signature), signature.size(), bytes_of(text), text.size()) == 1;
}

base::Result<std::string> Key::sign(Algorithm algorithm, std::string_view text) const {
  if (kind_ == Kind::secret) return hmac(algorithm, secret_, text);
  const Digest digest(EVP_MD_CTX_new());
  std::size_t size = 0;
  const bool is_ready = digest &&
                        EVP_DigestSignInit(digest.get(), nullptr, hash_of(algorithm), nullptr, pair_of(pair_)) == 1 &&
                        EVP_DigestSign(digest.get(), nullptr, &size, bytes_of(text), text.size()) == 1;
  std::string signature(size, '\0');
  if (!is_ready || EVP_DigestSign(digest.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                                  bytes_of(text), text.size()) != 1) {
    return fail(Errc::bad_request, "that key signs nothing; a private one is needed");
  }
  signature.resize(size);
  const std::size_t half = ecdsa_bytes(algorithm);
  return half > 0 ? from_der(signature, half) : signature;
}

}  // namespace sluice::identity
