#include "gateway/sealed_id.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <cstring>
#include <memory>
#include <stdexcept>

#include "identity/base64url.hpp"

namespace sluice::gateway {
namespace {

// A sealed id: version, purpose, incarnation, worker, slot, generation, random bits, MAC.
constexpr std::size_t sealed_bytes = 36, mac_bytes = 8;
constexpr unsigned char version = 1;
// An open id: random bits, MAC.
constexpr std::size_t open_bytes = 15, open_mac_bytes = 6;
constexpr unsigned char open_purpose = 's';
// A guess in 2^48, for as long as it is good.
constexpr std::size_t challenge_bytes = 6;
constexpr unsigned char challenge_purpose = 'c';
constexpr unsigned char mark_purpose = 'm';

std::string encode(const unsigned char* bytes, std::size_t size) {
  return identity::to_base64url({reinterpret_cast<const char*>(bytes), size});
}

bool decode(std::string_view text, unsigned char* bytes, std::size_t size) {
  // The sizes here need no padding. A longer text is not looked at.
  if (text.size() != size / 3 * 4) return false;
  const auto decoded = identity::from_base64url(text);
  if (decoded) std::memcpy(bytes, decoded->data(), size);
  return decoded.has_value();
}

template <class Number>
unsigned char* put(unsigned char* at, Number number) {
  for (std::size_t index = sizeof number; index-- > 0;) *at++ = static_cast<unsigned char>(number >> (8 * index));
  return at;
}

template <class Number>
const unsigned char* take(const unsigned char* at, Number& number) {
  number = 0;
  for (std::size_t index = 0; index < sizeof number; ++index) number = static_cast<Number>(number << 8 | *at++);
  return at;
}

void fill_random(unsigned char* bytes, std::size_t size) {
  if (RAND_bytes(bytes, static_cast<int>(size)) != 1) throw std::runtime_error("OpenSSL gives no random bytes");
}

// `size` bytes of the MAC over `bytes`, which begin with what they are for.
void write_mac(const std::array<unsigned char, 32>& key, const unsigned char* bytes, std::size_t bytes_size,
               unsigned char* mac, std::size_t size) {
  unsigned char whole[EVP_MAX_MD_SIZE];
  unsigned int whole_size = 0;
  if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes, bytes_size, whole, &whole_size) == nullptr) {
    throw std::runtime_error("OpenSSL makes no HMAC");
  }
  std::memcpy(mac, whole, size);
}

std::array<unsigned char, 32> key_for(const std::array<unsigned char, 32>& key, std::string_view purpose) {
  std::array<unsigned char, 32> made;
  write_mac(key, reinterpret_cast<const unsigned char*>(purpose.data()), purpose.size(), made.data(), made.size());
  return made;
}

}  // namespace

Seals::Seals() {
  fill_random(key_.data(), key_.size());
  lock_key_ = key_for(key_, "sluice lock 1");
}

Seals::Seals(std::string_view secret) {
  // A key of this purpose, whatever else the secret is used for.
  constexpr std::string_view purpose = "sluice seals 1";
  unsigned int size = 0;
  if (HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
           reinterpret_cast<const unsigned char*>(purpose.data()), purpose.size(), key_.data(), &size) == nullptr) {
    throw std::runtime_error("OpenSSL gives no HMAC");
  }
  lock_key_ = key_for(key_, "sluice lock 1");
}

Seals::Nonce Seals::make_nonce() {
  Nonce nonce;
  fill_random(nonce.data(), nonce.size());
  return nonce;
}

Seals::Nonce Seals::nonce_of(std::string_view text) {
  unsigned char bytes[sealed_bytes];
  Nonce nonce{};
  if (decode(text, bytes, sealed_bytes)) {
    std::memcpy(nonce.data(), bytes + sealed_bytes - mac_bytes - nonce.size(), nonce.size());
  }
  return nonce;
}

std::string Seals::seal(Purpose purpose, const base::ConnectionId& id, const Nonce& nonce) const {
  unsigned char bytes[sealed_bytes];
  unsigned char* at = put(bytes, version);
  at = put(at, static_cast<std::uint8_t>(purpose));
  at = put(at, id.incarnation);
  at = put(at, id.worker_id.value);
  at = put(at, id.slot);
  at = put(at, id.generation);
  std::memcpy(at, nonce.data(), nonce.size());
  write_mac(key_, bytes, sealed_bytes - mac_bytes, bytes + sealed_bytes - mac_bytes, mac_bytes);
  return encode(bytes, sealed_bytes);
}

std::optional<base::ConnectionId> Seals::open(Purpose purpose, std::string_view text) const {
  unsigned char bytes[sealed_bytes], mac[mac_bytes];
  if (!decode(text, bytes, sealed_bytes)) return std::nullopt;
  if (bytes[0] != version || bytes[1] != static_cast<unsigned char>(purpose)) return std::nullopt;
  write_mac(key_, bytes, sealed_bytes - mac_bytes, mac, mac_bytes);
  if (CRYPTO_memcmp(mac, bytes + sealed_bytes - mac_bytes, mac_bytes) != 0) return std::nullopt;
  base::ConnectionId id;
  const unsigned char* at = take(bytes + 2, id.incarnation);
  at = take(at, id.worker_id.value);
  at = take(at, id.slot);
  take(at, id.generation);
  return id;
}

std::uint64_t Seals::mark() const {
  unsigned char mac[sizeof(std::uint64_t)];
  write_mac(key_, &mark_purpose, sizeof mark_purpose, mac, sizeof mac);
  std::uint64_t mark = 0;
  take(mac, mark);
  return mark;
}

std::string Seals::challenge(std::string_view address, std::uint64_t time) const {
  std::string asked(1, static_cast<char>(challenge_purpose));
  unsigned char written[sizeof time], mac[challenge_bytes];
  put(written, time);
  asked.append(reinterpret_cast<const char*>(written), sizeof written).append(address);
  write_mac(key_, reinterpret_cast<const unsigned char*>(asked.data()), asked.size(), mac, challenge_bytes);
  return encode(mac, challenge_bytes);
}

Seals::SocketId Seals::make_socket_id() const {
  unsigned char bytes[1 + open_bytes] = {open_purpose};
  constexpr std::size_t random_bytes = open_bytes - open_mac_bytes;
  fill_random(bytes + 1, random_bytes);
  write_mac(key_, bytes, 1 + random_bytes, bytes + 1 + random_bytes, open_mac_bytes);
  SocketId id;
  std::memcpy(id.data(), bytes + 1, open_bytes);
  return id;
}

std::string Seals::text_of(const SocketId& id) { return encode(id.data(), id.size()); }

Seals::SocketId Seals::socket_id_of(std::string_view text) {
  SocketId id{};
  decode(text, id.data(), id.size());
  return id;
}

bool Seals::is_socket_id(std::string_view text) const {
  unsigned char bytes[1 + open_bytes] = {open_purpose}, mac[open_mac_bytes];
  constexpr std::size_t random_bytes = open_bytes - open_mac_bytes;
  if (!decode(text, bytes + 1, open_bytes)) return false;
  write_mac(key_, bytes, 1 + random_bytes, mac, open_mac_bytes);
  return CRYPTO_memcmp(mac, bytes + 1 + random_bytes, open_mac_bytes) == 0;
}

// --- locked texts ---

namespace {

// A locked text: version, random bytes that no other has, the text in AES-256-GCM, its tag.
constexpr char lock_version = 1;
constexpr std::size_t lock_nonce_bytes = 12, lock_tag_bytes = 16;

using Cipher = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

Cipher make_cipher() { return {EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free}; }

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
unsigned char* bytes_of(std::string& text, std::size_t at) {
  return reinterpret_cast<unsigned char*>(text.data()) + at;
}

}  // namespace

std::string Seals::lock(std::string_view about, std::string_view text) const {
  unsigned char nonce[lock_nonce_bytes], tag[lock_tag_bytes];
  fill_random(nonce, sizeof nonce);
  std::string locked(1, lock_version);
  locked.append(reinterpret_cast<const char*>(nonce), sizeof nonce);
  const std::size_t begin = locked.size();
  locked.resize(begin + text.size());
  const Cipher cipher = make_cipher();
  int size = 0;
  const bool is_done =
      cipher && EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, lock_key_.data(), nonce) == 1 &&
      EVP_EncryptUpdate(cipher.get(), nullptr, &size, bytes_of(about), static_cast<int>(about.size())) == 1 &&
      EVP_EncryptUpdate(cipher.get(), bytes_of(locked, begin), &size, bytes_of(text), static_cast<int>(text.size())) ==
          1 &&
      EVP_EncryptFinal_ex(cipher.get(), bytes_of(locked, begin) + size, &size) == 1 &&
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, sizeof tag, tag) == 1;
  if (!is_done) throw std::runtime_error("OpenSSL does not encrypt");
  return locked.append(reinterpret_cast<const char*>(tag), sizeof tag);
}

std::optional<std::string> Seals::unlock(std::string_view about, std::string_view locked) const {
  if (locked.size() < 1 + lock_nonce_bytes + lock_tag_bytes || locked.front() != lock_version) return std::nullopt;
  const std::string_view nonce = locked.substr(1, lock_nonce_bytes);
  std::string tag(locked.substr(locked.size() - lock_tag_bytes));
  locked.remove_prefix(1 + lock_nonce_bytes);
  locked.remove_suffix(lock_tag_bytes);
  std::string text(locked.size(), '\0');
  const Cipher cipher = make_cipher();
  int size = 0;
  const bool is_ours =
      cipher && EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, lock_key_.data(), bytes_of(nonce)) == 1 &&
      EVP_DecryptUpdate(cipher.get(), nullptr, &size, bytes_of(about), static_cast<int>(about.size())) == 1 &&
      EVP_DecryptUpdate(cipher.get(), bytes_of(text, 0), &size, bytes_of(locked), static_cast<int>(locked.size())) ==
          1 &&
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, lock_tag_bytes, tag.data()) == 1 &&
      EVP_DecryptFinal_ex(cipher.get(), bytes_of(text, 0) + size, &size) == 1;
  return is_ours ? std::optional(std::move(text)) : std::nullopt;
}

}  // namespace sluice::gateway
