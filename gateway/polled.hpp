#pragma once
// Polled: how messages lie in the outbox of a client that polls, until an answer takes them out. Pure.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "workers/message.hpp"

namespace sluice::gateway::polled {

// Appends a message, whose object `text` is.
void append(const workers::Message& message, std::string_view text, std::string& out);
// Appends that messages were lost.
void append_gap(std::string& out);

struct Piece {
  bool is_gap = false;
  bool is_stored = false;      // else it has no position of its own
  bool is_in_history = false;  // of a room that the client is in
  base::Position position;     // its own, or that of the last stored before it
  std::string_view text;       // good as long as the bytes
};
// Takes the next whole piece from the front of `bytes`; nothing if there is none.
std::optional<Piece> take(std::string_view& bytes);

}  // namespace sluice::gateway::polled
