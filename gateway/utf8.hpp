#pragma once
// Utf8: checks UTF-8 (RFC 3629, 4) as it comes, in pieces of any size.

#include <cstdint>
#include <string_view>

namespace sluice::gateway {

class Utf8 {
 public:
  // Takes the next bytes; false as soon as they cannot be the beginning of valid text. After that: nothing more.
  [[nodiscard]] bool feed(std::string_view bytes);
  // True unless a character is cut in the middle.
  bool is_complete() const { return rest_ == 0; }

 private:
  std::uint8_t rest_ = 0;                  // continuation bytes that are still to come
  std::uint8_t low_ = 0x80, high_ = 0xBF;  // the next one's range
};

inline bool is_utf8(std::string_view text) {
  Utf8 utf8;
  return utf8.feed(text) && utf8.is_complete();
}

}  // namespace sluice::gateway
