#include "program/printable.hpp"

namespace sluice::program {

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto byte = static_cast<unsigned char>(text[at]);
    // U+0080 to U+009F, two bytes each, are control characters too.
    const bool is_long_control =
        byte == 0xC2 && at + 1 < text.size() && static_cast<unsigned char>(text[at + 1]) < 0xA0;
    if (is_long_control) ++at;
    out += is_long_control || byte < 0x20 || byte == 0x7F ? '?' : text[at];
  }
  return out;
}

}  // namespace sluice::program
