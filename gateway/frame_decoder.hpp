#pragma once
// FrameDecoder: a client's frames (RFC 6455, 5): bytes in, messages and control frames out. Pure. What lies whole in
// the bytes given is handed out in place; only what is incomplete is kept, and owned only until it is complete.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "gateway/rfc6455.hpp"

namespace sluice::gateway {

class FrameDecoder {
 public:
  struct Limits {
    std::size_t message_bytes_max;
    std::size_t fragments_max;  // frames of one message
    // Messages may be deflated (RFC 7692, 6); as they come, this bounds them. 0: none may be.
    std::size_t deflated_bytes_max = 0;
  };
  enum class Kind : std::uint8_t {
    none,    // all bytes are taken; more are needed
    text,    // `payload` is a whole message, valid UTF-8 unless it is deflated
    binary,  // `payload` is a whole message
    ping,    // `payload` is to come back in a pong
    pong,
    close,    // `close_code` (none: there was none) and `payload`, the reason. Nothing may be decoded after it.
    failure,  // `close_code` and `payload` say what the client did wrong. Nothing may be decoded after it.
  };
  struct Event {
    Kind kind = Kind::none;
    std::uint16_t close_code = rfc6455::close_code::none;
    std::string_view payload;  // good until the next call, and as long as the bytes given
    bool is_deflated = false;  // `payload` is to be inflated, and text then to be checked
  };

  FrameDecoder();
  ~FrameDecoder();
  FrameDecoder(FrameDecoder&&) noexcept;
  FrameDecoder& operator=(FrameDecoder&&) noexcept;

  // Takes bytes off the front of `bytes`, unmasking them in place, up to the next event.
  Event next(std::span<char>& bytes, const Limits& limits);

 private:
  struct Head;
  struct Partial;
  bool read_head(std::span<char>& bytes, Head& head, bool allows_deflate, Event& failure);
  Event check(const Head& head, const Limits& limits) const;
  Event take_whole(std::span<char>& bytes, const Head& head);
  Event take_part(std::span<char>& bytes, const Limits& limits);
  Event finish_frame();
  Partial& partial();

  std::unique_ptr<Partial> partial_;  // null between messages that came whole
};

}  // namespace sluice::gateway
