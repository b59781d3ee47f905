#include "cluster/nkey.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <array>
#include <cstdint>
#include <optional>

#include "base/assert.hpp"

namespace sluice::cluster {
namespace {

using base::Errc;
using base::fail;

constexpr std::size_t key_bytes = 32, signature_bytes = 64;
constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";  // RFC 4648, 6

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
EVP_PKEY* pair_of(const std::shared_ptr<void>& pair) { return static_cast<EVP_PKEY*>(pair.get()); }

std::string to_base32(std::string_view bytes) {
  std::string text;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char byte : bytes) {
    bits = bits << 8 | static_cast<std::uint8_t>(byte);
    for (count += 8; count >= 5; count -= 5) text += letters[bits >> (count - 5) & 31];
  }
  if (count > 0) text += letters[bits << (5 - count) & 31];
  return text;
}

std::optional<std::string> from_base32(std::string_view text) {
  std::string bytes;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char letter : text) {
    const std::size_t value = letters.find(letter);
    if (value == std::string_view::npos) return std::nullopt;
    bits = bits << 5 | static_cast<std::uint32_t>(value);
    count += 5;
    if (count < 8) continue;
    count -= 8;
    bytes += static_cast<char>(bits >> count & 0xFF);
  }
  return bytes;
}

// CRC-16/XMODEM: polynomial 0x1021, from 0.
std::uint16_t crc16(std::string_view bytes) {
  std::uint32_t crc = 0;
  for (const char byte : bytes) {
    crc ^= static_cast<std::uint32_t>(static_cast<std::uint8_t>(byte)) << 8;
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 0x8000) != 0 ? crc << 1 ^ 0x1021 : crc << 1;
    crc &= 0xFFFF;
  }
  return static_cast<std::uint16_t>(crc);
}

void append_crc(std::string& bytes) {
  const std::uint16_t crc = crc16(bytes);
  bytes += static_cast<char>(crc & 0xFF);
  bytes += static_cast<char>(crc >> 8);
}

// A prefix is a letter of base32: it fills the top five bits of the first byte.
int prefix_of(char letter) { return static_cast<int>(letters.find(letter)) << 3; }

std::shared_ptr<void> pair_of_bytes(std::string_view bytes) {
  SLUICE_ASSERT(bytes.size() == key_bytes);
  EVP_PKEY* const pair = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, bytes_of(bytes), bytes.size());
  SLUICE_ASSERT(pair != nullptr);
  return {pair, [](void* one) { EVP_PKEY_free(static_cast<EVP_PKEY*>(one)); }};
}

}  // namespace

Nkey::Nkey(std::shared_ptr<void> pair, Kind kind) : pair_(std::move(pair)), kind_(kind) {
  std::array<unsigned char, key_bytes> key;
  std::size_t size = key.size();
  SLUICE_ASSERT(EVP_PKEY_get_raw_public_key(pair_of(pair_), key.data(), &size) == 1 && size == key_bytes);
  std::string bytes(1, static_cast<char>(prefix_of(static_cast<char>(kind))));
  bytes.append(reinterpret_cast<const char*>(key.data()), size);
  append_crc(bytes);
  public_text_ = to_base32(bytes);
}

Nkey Nkey::from_bytes(std::string_view bytes, Kind kind) { return {pair_of_bytes(bytes), kind}; }

// A seed's two prefixes, S and the kind's, share its first two bytes.
base::Result<Nkey> Nkey::from_seed(std::string_view seed, Kind kind) {
  auto bytes = from_base32(seed);
  if (!bytes || bytes->size() != 2 + key_bytes + 2) {
    return fail(Errc::bad_request, "an NKEY seed is 58 letters of base32, and that is none");
  }
  const std::string_view whole(*bytes);
  const auto byte_at = [whole](std::size_t at) { return static_cast<std::uint8_t>(whole[at]); };
  const int outer = byte_at(0) & 0xF8, inner = (byte_at(0) & 7) << 5 | (byte_at(1) & 0xF8) >> 3;
  base::Result<Nkey> key = fail(Errc::bad_request, "an NKEY seed has a checksum that does not fit");
  if ((byte_at(34) | byte_at(35) << 8) == crc16(whole.substr(0, 34))) {
    key = fail(Errc::bad_request, "an NKEY seed of that kind begins with S" + std::string(1, static_cast<char>(kind)));
    if (outer == prefix_of('S') && inner == prefix_of(static_cast<char>(kind))) {
      key = from_bytes(whole.substr(2, key_bytes), kind);
    }
  }
  OPENSSL_cleanse(bytes->data(), bytes->size());
  return key;
}

std::string Nkey::seed_text() const {
  const int inner = prefix_of(static_cast<char>(kind_));
  std::string bytes{static_cast<char>(prefix_of('S') | inner >> 5), static_cast<char>((inner & 31) << 3)};
  std::array<unsigned char, key_bytes> key;
  std::size_t size = key.size();
  SLUICE_ASSERT(EVP_PKEY_get_raw_private_key(pair_of(pair_), key.data(), &size) == 1);
  bytes.append(reinterpret_cast<const char*>(key.data()), size);
  append_crc(bytes);
  return to_base32(bytes);
}

// RFC 8032, 5.1: Ed25519 hashes what it signs itself.
std::string Nkey::sign(std::string_view text) const {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> digest(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  std::string signature(signature_bytes, '\0');
  std::size_t size = signature.size();
  const bool is_signed = digest && EVP_DigestSignInit(digest.get(), nullptr, nullptr, nullptr, pair_of(pair_)) == 1 &&
                         EVP_DigestSign(digest.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                                        bytes_of(text), text.size()) == 1;
  SLUICE_ASSERT(is_signed && size == signature_bytes);
  return signature;
}

std::string to_base64url(std::string_view bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int size =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), bytes_of(bytes), static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(size));
  while (text.ends_with('=')) text.pop_back();
  for (char& c : text) c = c == '+' ? '-' : c == '/' ? '_' : c;
  return text;
}

}  // namespace sluice::cluster
