// What other nodes send: taken apart, put together from its pieces, and written again as the same.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "cluster/peer_codec.hpp"
#include "cluster/pieces.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice::cluster;
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  Pieces pieces({.whole_bytes_max = 256, .bytes_max = 512, .parts_max = 4});
  sluice::base::TimePoint now{std::chrono::seconds(1)};
  while (!rest.empty()) {
    const std::size_t bytes = static_cast<unsigned char>(rest.front());
    std::string kept, kept_again;
    const auto message = decode(rest.substr(1, bytes), kept);
    rest.remove_prefix(std::min(bytes + 1, rest.size()));
    if (!message) continue;
    const auto again = decode(encode(*message), kept_again);
    if (!again || again->piece.bytes != message->piece.bytes || again->what.index() != message->what.index()) abort();
    now += std::chrono::milliseconds(kept.size());
    const auto whole = pieces.take(message->piece, now);
    if (whole && *whole && (*whole)->size() > 256) abort();
    pieces.trim(now);
  }
  return 0;
}
