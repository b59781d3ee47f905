#include "base/json_text.hpp"

#include <bit>
#include <cstdint>
#include <cstring>

namespace sluice::base {
namespace {

constexpr std::uint64_t every_byte(std::uint64_t byte) { return 0x0101010101010101 * byte; }

// Marks the top bit of each byte of `word` that is below `bound`; a mark above the lowest one may be wrong.
constexpr std::uint64_t below(std::uint64_t word, std::uint64_t bound) {
  return (word - every_byte(bound)) & ~word & every_byte(0x80);
}

// Marks, in the same way, bytes that are not ASCII which stands for itself in a JSON string.
constexpr std::uint64_t odd(std::uint64_t word) {
  return (word & every_byte(0x80)) | below(word, 0x20) | below(word ^ every_byte(0x7F), 1) |
         below(word ^ every_byte('"'), 1) | below(word ^ every_byte('\\'), 1);
}

// Gives how many bytes at the front are ASCII that stands for itself, eight at a time.
std::size_t plain_bytes(std::string_view text) {
  static_assert(std::endian::native == std::endian::little, "the lowest mark is the first byte's");
  std::size_t at = 0;
  for (std::uint64_t word; at + sizeof word <= text.size(); at += sizeof word) {
    std::memcpy(&word, text.data() + at, sizeof word);
    if (const std::uint64_t marks = odd(word)) return at + static_cast<std::size_t>(std::countr_zero(marks)) / 8;
  }
  while (at < text.size() && odd(static_cast<std::uint8_t>(text[at]) | every_byte(' ') << 8) == 0) ++at;
  return at;
}

// Gives the length of the valid UTF-8 sequence that `text` begins with, 0 if it does not (RFC 3629, 4).
std::size_t sequence_bytes(std::string_view text) {
  const auto byte = [&text](std::size_t at) { return static_cast<std::uint8_t>(text[at]); };
  const std::uint8_t first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t bytes = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < bytes) return 0;
  for (std::size_t at = 1; at < bytes; ++at) {
    if ((byte(at) & 0xC0) != 0x80) return 0;
  }
  const bool is_overlong = (first == 0xE0 && byte(1) < 0xA0) || (first == 0xF0 && byte(1) < 0x90);
  const bool is_surrogate = first == 0xED && byte(1) > 0x9F;
  const bool is_beyond = first == 0xF4 && byte(1) > 0x8F;
  return is_overlong || is_surrogate || is_beyond ? 0 : bytes;
}

// Appends what stands for a byte that cannot: an escape, or U+FFFD for one that is part of no character.
void append_odd(std::string& out, char byte) {
  static constexpr std::string_view digits = "0123456789abcdef";
  switch (byte) {
    case '"':
    case '\\':
      (out += '\\') += byte;
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      if (static_cast<std::uint8_t>(byte) >= 0x80) {
        out += "\xEF\xBF\xBD";
        return;
      }
      out += "\\u00";
      out += digits[static_cast<std::uint8_t>(byte) >> 4];
      out += digits[static_cast<std::uint8_t>(byte) & 15];
  }
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  std::size_t kept = 0;  // bytes at the front of `text` that go out as they are, in one piece
  while (kept < text.size()) {
    const char first = text[kept];
    if (static_cast<std::uint8_t>(first) < 0x80) {
      kept += plain_bytes(text.substr(kept));
      if (kept == text.size()) break;
    }
    const std::size_t bytes = sequence_bytes(text.substr(kept));
    if (bytes > 1) {
      kept += bytes;
      continue;
    }
    out += text.substr(0, kept);
    append_odd(out, text[kept]);
    text.remove_prefix(kept + 1);
    kept = 0;
  }
  (out += text) += '"';
}

}  // namespace sluice::base
