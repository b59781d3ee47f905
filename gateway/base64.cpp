#include "gateway/base64.hpp"

#include <openssl/evp.h>

#include <array>
#include <cstdint>

namespace sluice::gateway {

void append_base64(std::string& out, std::string_view bytes) {
  const std::size_t before = out.size();
  // OpenSSL writes a terminating zero behind the text.
  out.resize(before + (bytes.size() + 2) / 3 * 4 + 1);
  const int size =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data() + before),
                      reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  out.resize(before + static_cast<std::size_t>(size));
}

bool append_decoded_base64(std::string& out, std::string_view text) {
  // 64: not of the alphabet.
  static constexpr auto values = [] {
    std::array<std::uint8_t, 256> table{};
    table.fill(64);
    constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (std::size_t at = 0; at < alphabet.size(); ++at) {
      table[static_cast<std::uint8_t>(alphabet[at])] = static_cast<std::uint8_t>(at);
    }
    return table;
  }();
  if (text.ends_with("==") && text.size() % 4 == 0) {
    text.remove_suffix(2);
  } else if (text.ends_with('=') && text.size() % 4 == 0) {
    text.remove_suffix(1);
  }
  if (text.size() % 4 == 1) return false;
  const std::size_t before = out.size();
  out.reserve(before + text.size() / 4 * 3 + 2);
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const std::uint8_t value = values[static_cast<std::uint8_t>(c)];
    if (value == 64) {
      out.resize(before);
      return false;
    }
    bits = bits << 6 | value;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out += static_cast<char>(bits >> count & 0xFF);
  }
  return true;
}

}  // namespace sluice::gateway
