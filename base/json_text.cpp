#include "base/json_text.hpp"

#include <cstdint>

namespace sluice::base {
namespace {

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

void append_escape(std::string& out, char control) {
  static constexpr std::string_view digits = "0123456789abcdef";
  switch (control) {
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
      out += "\\u00";
      out += digits[static_cast<std::uint8_t>(control) >> 4];
      out += digits[static_cast<std::uint8_t>(control) & 15];
  }
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const std::size_t bytes = sequence_bytes(text);
    const char first = text.front();
    if (bytes == 0) {
      out += "\xEF\xBF\xBD";
    } else if (bytes == 1 && (static_cast<std::uint8_t>(first) < 0x20 || first == 0x7F)) {
      append_escape(out, first);
    } else {
      if (first == '"' || first == '\\') out += '\\';
      out += text.substr(0, bytes);
    }
    text.remove_prefix(bytes == 0 ? 1 : bytes);
  }
  out += '"';
}

}  // namespace sluice::base
