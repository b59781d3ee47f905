#include "gateway/polled.hpp"

#include <cstring>

namespace sluice::gateway::polled {
namespace {

// In front of each piece, in the machine's own form: it never leaves it.
struct Head {
  std::uint64_t epoch = 0, offset = 0;
  std::uint32_t bytes = 0;
  bool is_gap = false, is_stored = false, is_in_history = false;
};

void append_piece(Head head, std::string_view text, std::string& out) {
  head.bytes = static_cast<std::uint32_t>(text.size());
  char bytes[sizeof head];
  std::memcpy(bytes, &head, sizeof head);
  out.append(bytes, sizeof head).append(text);
}

}  // namespace

void append(const workers::Message& message, std::string_view text, std::string& out) {
  const bool is_stored = message.stored && message.position.epoch != 0;
  append_piece({.epoch = message.position.epoch,
                .offset = message.position.offset,
                .is_stored = is_stored,
                .is_in_history = is_stored && !message.target.rooms.empty()},
               text, out);
}

void append_gap(std::string& out) { append_piece({.is_gap = true}, {}, out); }

std::optional<Piece> take(std::string_view& bytes) {
  Head head;
  if (bytes.size() < sizeof head) return std::nullopt;
  std::memcpy(&head, bytes.data(), sizeof head);
  if (bytes.size() - sizeof head < head.bytes) return std::nullopt;
  const Piece piece{head.is_gap,
                    head.is_stored,
                    head.is_in_history,
                    {head.epoch, head.offset},
                    bytes.substr(sizeof head, head.bytes)};
  bytes.remove_prefix(sizeof head + head.bytes);
  return piece;
}

}  // namespace sluice::gateway::polled
