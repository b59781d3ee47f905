#include "gateway/chunked_body.hpp"

#include <algorithm>

namespace sluice::gateway {
namespace {

using base::Errc;
using base::fail;

// What nobody needs; 7.1.1 asks for a bound.
constexpr std::size_t overhead_bytes_max = 16384;
constexpr std::size_t size_max = std::size_t{1} << 40;

int hexadecimal(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool is_text(char c) { return c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7F); }

}  // namespace

base::Result<std::size_t> ChunkedBody::put(std::string_view coded, std::string& body, std::size_t bytes_max) {
  std::size_t at = 0;
  while (at < coded.size() && !is_done()) {
    if (state_ == State::content) {
      const std::size_t size = std::min(left_, coded.size() - at);
      body.append(coded, at, size);
      at += size;
      left_ -= size;
      if (left_ == 0) state_ = State::content_return;
      continue;
    }
    if (!take(coded[at++])) return fail(Errc::bad_request, "the body's chunked coding is malformed");
    if (left_ > bytes_max || body.size() > bytes_max - left_) {
      return fail(Errc::too_large, "the body is over the limit on its size");
    }
  }
  return at;
}

// Takes a byte that is not content; false if it does not belong there.
bool ChunkedBody::take(char c) {
  switch (state_) {
    case State::size:
      if (c == '\r' || c == ';') {
        state_ = c == ';' ? State::extension : State::size_end;
        return has_digit_;
      }
      return take_digit(c);
    case State::extension:
      if (c == '\r') state_ = State::size_end;
      return (c == '\r' || is_text(c)) && ++overhead_bytes_ <= overhead_bytes_max;
    case State::size_end:
      state_ = left_ > 0 ? State::content : State::line;
      has_digit_ = false;
      return c == '\n';
    case State::content_return:
      state_ = State::content_end;
      return c == '\r';
    case State::content_end:
      state_ = State::size;
      return c == '\n';
    case State::line:
      if (c == '\r') {
        state_ = State::line_end;
        return true;
      }
      is_line_empty_ = false;
      return is_text(c) && ++overhead_bytes_ <= overhead_bytes_max;
    case State::line_end:
      state_ = is_line_empty_ ? State::done : State::line;
      is_line_empty_ = true;
      return c == '\n';
    case State::content:
    case State::done:
      return false;
  }
  return false;
}

bool ChunkedBody::take_digit(char c) {
  const int digit = hexadecimal(c);
  if (digit < 0) return false;
  has_digit_ = true;
  left_ = left_ * 16 + static_cast<std::size_t>(digit);
  return left_ <= size_max;
}

}  // namespace sluice::gateway
