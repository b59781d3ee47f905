#pragma once
// ChunkedBody: takes the chunked coding off a request's body (RFC 9112, 7.1) as it comes. Pure; Beast reads the coding.

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace sluice::gateway {

class ChunkedBody {
 public:
  ChunkedBody();
  ~ChunkedBody();
  ChunkedBody(const ChunkedBody&) = delete;
  ChunkedBody& operator=(const ChunkedBody&) = delete;

  // Appends what is content to `body` and returns how many bytes of the coding were taken: fewer than all once
  // is_done(). Trailers are read and forgotten. Errc::bad_request for a malformed coding, too_large if `body` would
  // become longer than `bytes_max`; nothing may be put after either.
  base::Result<std::size_t> put(std::string_view coded, std::string& body, std::size_t bytes_max);
  bool is_done() const;

 private:
  class Parser;
  std::unique_ptr<Parser> parser_;
  std::string begun_;  // of a chunk's head that did not come in one piece
};

}  // namespace sluice::gateway
