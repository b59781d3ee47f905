// Bytes of a client that speaks lines: however they are cut, the same lines come out, and none is over its limit.

#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/line_buffer.hpp"

using sluice::gateway::LineBuffer;

namespace {

constexpr std::size_t line_bytes_max = 16;

struct Read {
  std::vector<std::string> lines;
  bool is_too_long = false;
  bool operator==(const Read&) const = default;
};

void put(LineBuffer& buffer, std::string_view bytes, Read& read) {
  while (const auto line = buffer.next(bytes, line_bytes_max)) {
    if (line->size() > line_bytes_max || line->find('\n') != std::string_view::npos) std::abort();
    read.lines.emplace_back(*line);
  }
  read.is_too_long = buffer.is_too_long();
  if (!bytes.empty() && !read.is_too_long) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t step = data[0] % 7 + 1;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  LineBuffer whole, cut;
  Read of_whole, of_cut;
  put(whole, bytes, of_whole);
  for (std::size_t at = 0; at < bytes.size(); at += step) put(cut, bytes.substr(at, step), of_cut);
  if (of_whole.lines != of_cut.lines) std::abort();
  return 0;
}
