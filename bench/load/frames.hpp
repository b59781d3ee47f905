#pragma once
// WebSocket frames as a client writes and reads them (RFC 6455, 5).

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::bench {

enum class Opcode : std::uint8_t { continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

// Appends one whole frame, masked. The mask is always the same: unmasking costs the server no less.
void append_frame(std::string& out, Opcode opcode, std::string_view payload);

struct Frame {
  Opcode opcode = Opcode::continuation;
  bool is_last = false, is_deflated = false;
  std::string_view payload;
  std::size_t bytes = 0;  // of the frame as a whole
};

// The frame that `bytes` begin with; nothing if it is not whole. Of a server that is trusted: it checks nothing.
std::optional<Frame> first_frame(std::string_view bytes);

}  // namespace sluice::bench
