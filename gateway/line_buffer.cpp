#include "gateway/line_buffer.hpp"

#include <utility>

namespace sluice::gateway {
namespace {

std::string_view without_end(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

}  // namespace

std::optional<std::string_view> LineBuffer::next(std::string_view& bytes, std::size_t line_bytes_max) {
  // Idle connections keep no memory.
  if (begun_.empty() && whole_.capacity() > 0) std::string().swap(whole_);
  if (is_too_long_ || bytes.empty()) return std::nullopt;
  const std::size_t end = bytes.find('\n');
  const std::string_view fresh = bytes.substr(0, end);
  // A CR before the end is no part of the line; what comes may be one.
  const bool may_be_end = end == std::string_view::npos || (fresh.empty() ? begun_ : fresh).ends_with('\r');
  if (begun_.size() + fresh.size() > line_bytes_max + (may_be_end ? 1 : 0)) {
    is_too_long_ = true;
    return std::nullopt;
  }
  bytes.remove_prefix(end == std::string_view::npos ? bytes.size() : end + 1);
  if (end == std::string_view::npos) {
    begun_ += fresh;
    return std::nullopt;
  }
  if (begun_.empty()) return without_end(fresh);
  whole_ = std::exchange(begun_, {});
  whole_ += fresh;
  return without_end(whole_);
}

}  // namespace sluice::gateway
