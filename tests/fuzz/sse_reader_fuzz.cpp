// Streams of server-sent events: whole or in pieces they say the same, and no more is kept than is allowed.

#include <cstdlib>
#include <string>
#include <string_view>

#include "program/sse_reader.hpp"

using namespace sluice::program;

namespace {

constexpr std::size_t bytes_max = 256;

void require(bool is_true) {
  if (!is_true) std::abort();
}

// Appends each event to `out`; false if one is too large.
bool append_events(SseReader& reader, std::string_view bytes, std::string& out) {
  for (;;) {
    const std::size_t before = bytes.size();
    const auto event = reader.take(bytes);
    if (!event) return false;
    if (!*event) break;
    require(bytes.size() < before);
    require(!(*event)->name.empty() && (*event)->data.size() <= bytes_max && (*event)->id == reader.last_id());
    out += (*event)->name + '|' + (*event)->data + '|' + (*event)->id + '\n';
  }
  require(bytes.empty());
  require(reader.last_id().find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos);
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
  const std::size_t piece = std::size_t{1} + data[0] % 16;
  SseReader whole(bytes_max), pieces(bytes_max);
  std::string from_whole, from_pieces;
  const bool is_whole_fit = append_events(whole, text, from_whole);
  bool are_pieces_fit = true;
  for (std::size_t at = 0; are_pieces_fit && at < text.size(); at += piece) {
    are_pieces_fit = append_events(pieces, text.substr(at, piece), from_pieces);
  }
  require(from_whole == from_pieces && is_whole_fit == are_pieces_fit);
  require(whole.last_id() == pieces.last_id() && whole.retry() == pieces.retry());
  require(whole.comment() == pieces.comment());
  whole.start_over();
  require(append_events(whole, "data: x\n\n", from_whole));
  return 0;
}
