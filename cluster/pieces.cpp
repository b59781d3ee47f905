#include "cluster/pieces.hpp"

namespace sluice::cluster {

using base::Errc;
using base::fail;

base::Result<std::optional<std::string>> Pieces::take(const Piece& piece, base::TimePoint now) {
  if (piece.bytes.size() > limits_.whole_bytes_max) return fail(Errc::too_large, "a node's message is too large");
  if (piece.place == 0 && !piece.has_more) return std::optional(std::string(piece.bytes));
  const Key key(piece.from, piece.number);
  if (piece.place == 0 && parts_.size() >= limits_.parts_max) {
    return fail(Errc::exhausted, "too many of nodes' messages wait for the rest of them");
  }
  if (piece.place == 0) parts_.try_emplace(key);
  const auto found = parts_.find(key);
  if (found == parts_.end() || found->second.next != piece.place) {
    if (found != parts_.end()) erase(found);
    return fail(Errc::bad_request, "a piece of a node's message is missing");
  }
  Part& part = found->second;
  const bool is_too_large = part.bytes.size() + piece.bytes.size() > limits_.whole_bytes_max;
  if (is_too_large || bytes_ + piece.bytes.size() > limits_.bytes_max) {
    erase(found);
    if (is_too_large) return fail(Errc::too_large, "a node's message is too large");
    return fail(Errc::exhausted, "too much of nodes' messages waits for the rest of them");
  }
  bytes_ += piece.bytes.size();
  part.bytes += piece.bytes;
  part.next = piece.place + 1;
  part.since = now;
  if (piece.has_more) return std::optional<std::string>();
  std::string whole = std::move(part.bytes);
  bytes_ -= whole.size();
  parts_.erase(found);
  return std::optional(std::move(whole));
}

std::size_t Pieces::trim(base::TimePoint now) {
  std::size_t let_go = 0;
  for (auto part = parts_.begin(); part != parts_.end();) {
    if (now - part->second.since <= limits_.patience) {
      ++part;
    } else {
      part = erase(part);
      ++let_go;
    }
  }
  return let_go;
}

void Pieces::forget(std::uint32_t from) {
  for (auto part = parts_.lower_bound({from, 0}); part != parts_.end() && part->first.first == from;)
    part = erase(part);
}

Pieces::Parts::iterator Pieces::erase(Parts::iterator part) {
  bytes_ -= part->second.bytes.size();
  return parts_.erase(part);
}

}  // namespace sluice::cluster
