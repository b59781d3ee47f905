#pragma once
// ChunkedBody: takes the chunked coding off a request's body (RFC 9112, 7.1) as it comes. Pure. Byte by byte where it
// is not content, so that nothing depends on how the bytes were cut.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace sluice::gateway {

class ChunkedBody {
 public:
  // Appends what is content to `body` and returns how many bytes of the coding were taken: fewer than all once
  // is_done(). Extensions and trailers are read and forgotten. Errc::bad_request for a malformed coding, too_large if
  // `body` would become longer than `bytes_max`; nothing may be put after either.
  base::Result<std::size_t> put(std::string_view coded, std::string& body, std::size_t bytes_max);
  bool is_done() const { return state_ == State::done; }

 private:
  enum class State : std::uint8_t {
    size,
    extension,
    size_end,
    content,
    content_return,
    content_end,
    line,
    line_end,
    done
  };

  bool take(char c);
  bool take_digit(char c);

  State state_ = State::size;
  bool has_digit_ = false;          // of a chunk's size
  bool is_line_empty_ = true;       // of the trailers
  std::size_t left_ = 0;            // of the chunk
  std::size_t overhead_bytes_ = 0;  // of extensions and trailers so far
};

}  // namespace sluice::gateway
