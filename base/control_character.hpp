#pragma once
// What no name may hold, whoever gives it.

#include <string_view>

namespace sluice::base {

// True if a control character is in `text`, which is UTF-8: U+0000 to U+001F, U+007F, and U+0080 to U+009F.
inline bool has_control_character(std::string_view text) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (byte < 0x20 || byte == 0x7F) return true;
    if (byte == 0xC2 && at + 1 < text.size() && static_cast<unsigned char>(text[at + 1]) < 0xA0) return true;
  }
  return false;
}

}  // namespace sluice::base
