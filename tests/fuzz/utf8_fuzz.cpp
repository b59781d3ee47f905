// Text from a peer: the checker agrees with the table of RFC 3629 on every text, and however it is cut.

#include <cstdint>
#include <cstdlib>

#include "gateway/utf8.hpp"

using namespace sluice::gateway;

namespace {

// Gives the bytes of the character at the front; 0 if there is none, -1 if there is the beginning of one and no more.
int character(std::string_view text) {
  const auto byte = [&](std::size_t at) { return static_cast<std::uint8_t>(text[at]); };
  const auto is_in = [&](std::size_t at, int low, int high) { return byte(at) >= low && byte(at) <= high; };
  if (byte(0) < 0x80) return 1;
  const std::size_t bytes = is_in(0, 0xC2, 0xDF) ? 2 : is_in(0, 0xE0, 0xEF) ? 3 : is_in(0, 0xF0, 0xF4) ? 4 : 0;
  if (bytes == 0) return 0;
  if (text.size() == 1) return -1;
  const int low = byte(0) == 0xE0 ? 0xA0 : byte(0) == 0xF0 ? 0x90 : 0x80;
  const int high = byte(0) == 0xED ? 0x9F : byte(0) == 0xF4 ? 0x8F : 0xBF;
  if (!is_in(1, low, high)) return 0;
  for (std::size_t at = 2; at < bytes; ++at) {
    if (at == text.size()) return -1;
    if (!is_in(at, 0x80, 0xBF)) return 0;
  }
  return static_cast<int>(bytes);
}

enum class Verdict { whole, cut, wrong };

Verdict by_table(std::string_view text) {
  while (!text.empty()) {
    const int bytes = character(text);
    if (bytes <= 0) return bytes == 0 ? Verdict::wrong : Verdict::cut;
    text.remove_prefix(static_cast<std::size_t>(bytes));
  }
  return Verdict::whole;
}

Verdict by_checker(std::string_view text, std::size_t piece_bytes) {
  Utf8 utf8;
  while (!text.empty()) {
    const std::string_view piece = text.substr(0, piece_bytes);
    text.remove_prefix(piece.size());
    if (!utf8.feed(piece)) return Verdict::wrong;
  }
  return utf8.is_complete() ? Verdict::whole : Verdict::cut;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Verdict expected = by_table(text);
  for (const std::size_t piece_bytes : {std::size_t{1}, std::size_t{3}, std::size_t{17}, size + 1}) {
    if (by_checker(text, piece_bytes) != expected) std::abort();
  }
  // A wrong byte is told with the piece that it is in.
  for (std::size_t end = 0; expected == Verdict::wrong && end <= size && size < 64; ++end) {
    if (by_checker(text.substr(0, end), size + 1) != by_table(text.substr(0, end))) std::abort();
  }
  return 0;
}
