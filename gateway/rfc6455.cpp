#include "gateway/rfc6455.hpp"

#include <openssl/evp.h>

#include <array>
#include <memory>

#include "gateway/base64.hpp"

namespace sluice::gateway::rfc6455 {
namespace {

constexpr std::size_t sha1_bytes = 20;

// SHA-1 as looked up once: OpenSSL's one-shot call looks its algorithm up each time, which takes longer than the
// digest itself. False if there is no SHA-1.
bool sha1(std::string_view text, std::array<unsigned char, sha1_bytes>& digest) {
  struct Free {
    void operator()(EVP_MD* algorithm) const { EVP_MD_free(algorithm); }
  };
  static const std::unique_ptr<EVP_MD, Free> algorithm(EVP_MD_fetch(nullptr, "SHA1", nullptr));
  return algorithm && EVP_Digest(text.data(), text.size(), digest.data(), nullptr, algorithm.get(), nullptr) == 1;
}

}  // namespace

bool is_close_code(std::uint16_t code) {
  if (code >= 3000) return code <= 4999;
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014);
}

std::string accept_value(std::string_view key) {
  std::string text(key);
  text += "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  std::array<unsigned char, sha1_bytes> digest;
  std::string accept;
  if (!sha1(text, digest)) return accept;
  append_base64(accept, {reinterpret_cast<const char*>(digest.data()), digest.size()});
  return accept;
}

bool can_accept() { return accept_value("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="; }

bool is_key(std::string_view key) {
  if (key.size() != 24 || !key.ends_with("==")) return false;
  return key.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") == 22;
}

void append_head(std::string& out, Opcode opcode, std::size_t payload_bytes, bool rsv1) {
  out += static_cast<char>(fin_bit | (rsv1 ? rsv1_bit : 0) | static_cast<std::uint8_t>(opcode));
  if (payload_bytes < length_16) {
    out += static_cast<char>(payload_bytes);
    return;
  }
  const bool is_long = payload_bytes > 0xFFFF;
  out += static_cast<char>(is_long ? length_64 : length_16);
  for (int shift = is_long ? 56 : 8; shift >= 0; shift -= 8) out += static_cast<char>(payload_bytes >> shift & 0xFF);
}

void append_close(std::string& out, std::uint16_t code, std::string_view reason) {
  if (code == close_code::none) return append_head(out, Opcode::close, 0);
  if (reason.size() > close_reason_bytes_max) {
    std::size_t end = close_reason_bytes_max;
    while (end > 0 && (static_cast<std::uint8_t>(reason[end]) & 0xC0) == 0x80) --end;
    reason = reason.substr(0, end);
  }
  append_head(out, Opcode::close, 2 + reason.size());
  out += static_cast<char>(code >> 8);
  out += static_cast<char>(code & 0xFF);
  out += reason;
}

}  // namespace sluice::gateway::rfc6455
