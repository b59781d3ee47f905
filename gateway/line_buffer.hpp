#pragma once
// LineBuffer: bytes become lines. Pure: keeps only what a line has so far.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::gateway {

class LineBuffer {
 public:
  // Takes a whole line, without its end (LF or CRLF), from the front of `bytes`, which it removes; good until the next
  // call. Nothing if there is none, and then all of `bytes` was taken and kept, or is_too_long(). `line_bytes_max`
  // counts what stands before the end.
  std::optional<std::string_view> next(std::string_view& bytes, std::size_t line_bytes_max);
  // The line that comes is over its limit: nothing more is taken.
  bool is_too_long() const { return is_too_long_; }

 private:
  std::string begun_, whole_;
  bool is_too_long_ = false;
};

}  // namespace sluice::gateway
