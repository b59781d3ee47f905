#include "gateway/utf8.hpp"

#include <cstring>

namespace sluice::gateway {
namespace {

constexpr std::uint64_t high_bits = 0x8080808080808080;

// Gives how many bytes at the front are ASCII, counted in steps of 16 and 8 where possible.
std::size_t ascii_bytes(const char* text, std::size_t size) {
  std::size_t at = 0;
  for (; at + 16 <= size; at += 16) {
    std::uint64_t words[2];
    std::memcpy(words, text + at, 16);
    if (((words[0] | words[1]) & high_bits) != 0) break;
  }
  for (; at + 8 <= size; at += 8) {
    std::uint64_t word;
    std::memcpy(&word, text + at, 8);
    if ((word & high_bits) != 0) break;
  }
  while (at < size && static_cast<std::uint8_t>(text[at]) < 0x80) ++at;
  return at;
}

}  // namespace

bool Utf8::feed(std::string_view bytes) {
  for (std::size_t at = 0; at < bytes.size();) {
    if (rest_ == 0) {
      at += ascii_bytes(bytes.data() + at, bytes.size() - at);
      if (at == bytes.size()) return true;
    }
    const auto byte = static_cast<std::uint8_t>(bytes[at++]);
    if (rest_ > 0) {
      if (byte < low_ || byte > high_) return false;
      --rest_;
      low_ = 0x80;
      high_ = 0xBF;
      continue;
    }
    // Overlong forms, surrogates and what is beyond U+10FFFF show in the first two bytes.
    if (byte < 0xC2 || byte > 0xF4) return false;
    rest_ = byte >= 0xF0 ? 3 : byte >= 0xE0 ? 2 : 1;
    if (byte == 0xE0) low_ = 0xA0;
    if (byte == 0xED) high_ = 0x9F;
    if (byte == 0xF0) low_ = 0x90;
    if (byte == 0xF4) high_ = 0x8F;
  }
  return true;
}

}  // namespace sluice::gateway
