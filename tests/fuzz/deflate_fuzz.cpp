// Deflated bytes from a peer: never more than the limit, the same however they are cut; and what we deflate comes back.

#include <cstdlib>

#include "gateway/deflater.hpp"
#include "gateway/inflater.hpp"

using namespace sluice::gateway;

namespace {

constexpr std::size_t message_bytes_max = 20'000;

void require(bool is_true) {
  if (!is_true) std::abort();
}

void check_inflating(std::string_view payload, Context context, std::size_t piece_bytes) {
  Inflater whole(15, context), pieces(15, context);
  std::string at_once, by_pieces;
  const Inflater::Outcome outcome = whole.inflate(payload, at_once, message_bytes_max);
  Inflater::Outcome by_pieces_outcome = Inflater::Outcome::fine;
  for (std::string_view left = payload; !left.empty() && by_pieces_outcome == Inflater::Outcome::fine;) {
    const std::string_view piece = left.substr(0, piece_bytes);
    by_pieces_outcome = pieces.add(piece, by_pieces, message_bytes_max);
    left.remove_prefix(piece.size());
  }
  if (by_pieces_outcome == Inflater::Outcome::fine) by_pieces_outcome = pieces.finish(by_pieces, message_bytes_max);
  require(outcome == by_pieces_outcome);
  require(at_once.size() <= message_bytes_max + 1 && by_pieces.size() <= message_bytes_max + 1);
  if (outcome != Inflater::Outcome::fine) return;
  require(at_once == by_pieces && at_once.size() <= message_bytes_max);
  // Nothing of one message is left for the next.
  std::string again;
  if (context == Context::fresh) {
    require(whole.inflate(payload, again, message_bytes_max) == Inflater::Outcome::fine && again == at_once);
  }
}

void check_round_trip(std::string_view message, Context context, int window_bits, int level) {
  Deflater deflater(window_bits, level, context);
  Inflater inflater(window_bits, context);
  for (int round = 0; round < 3; ++round) {
    std::string payload, back;
    const std::string_view part = message.substr(0, message.size() >> round);
    if (!deflater.deflate(part, payload)) {
      require(payload.empty());
      continue;
    }
    require(payload.size() < part.size());
    require(inflater.inflate(payload, back, part.size()) == Inflater::Outcome::fine && back == part);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  const Context context = (data[0] & 1) != 0 ? Context::kept : Context::fresh;
  check_inflating(bytes, context, data[1] % 64U + 1);
  check_round_trip(bytes, context, narrow_window_bits + (data[0] >> 1) % 7, 1 + (data[0] >> 4) % 9);
  return 0;
}
