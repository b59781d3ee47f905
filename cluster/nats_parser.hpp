#pragma once
// NatsParser: what a NATS server sends (docs.nats.io, Reference, NATS Protocols, Client Protocol): bytes in, messages
// and control words out. Pure. What lies whole in the bytes given is handed out in place; only what is incomplete is
// kept, and no memory is asked for before the bytes that go there have come.

#include <cstdint>
#include <string>
#include <string_view>

#include "cluster/nats_message.hpp"

namespace sluice::cluster {

class NatsParser {
 public:
  // A server takes control lines of 4,096 bytes (max_control_line) and repeats subject and reply of a publication in
  // what it delivers, beside a subscription's number and under the subject that a stream republishes to. INFO names
  // every server of a cluster.
  static constexpr std::size_t line_bytes_max = 8192, info_bytes_max = 65536;

  enum class Kind : std::uint8_t {
    none,     // all bytes are taken; more are needed
    info,     // `text` is the server's JSON
    message,  // `message`, with headers (HMSG) or without (MSG)
    ping,     // is to be answered
    pong,
    ok,       // +OK, which a server sends only if it was asked to be verbose
    error,    // `text` is what the server complains of (-ERR), without its quotes
    failure,  // `text` says what is wrong in the bytes. Nothing may be parsed after it.
  };
  // Good until the next call, and as long as the bytes given.
  struct Event {
    Kind kind = Kind::none;
    std::string_view text = {};
    NatsMessage message = {};
  };

  // Takes bytes off the front of `bytes` up to the next event. Headers and payload of a message have at most
  // `message_bytes_max` bytes together.
  Event next(std::string_view& bytes, std::size_t message_bytes_max);

 private:
  // Where the parts of a message lie, from the beginning of its control line.
  struct Part {
    std::size_t begin = 0, bytes = 0;
  };
  struct Layout {
    Part subject, reply, header_block, payload;
    std::uint64_t subscription = 0;
    std::size_t bytes = 0;  // from the control line to the last line break; 0: there is none
  };

  Event take_line(std::string_view& bytes, std::size_t message_bytes_max);
  Event take_message(std::string_view& bytes);
  Event parse_line(std::string_view line, std::size_t message_bytes_max);
  Event parse_message(std::string_view line, bool has_headers, std::size_t message_bytes_max);
  Event hand_out(std::string_view frame);

  std::string kept_;            // an incomplete line, or a control line with the beginning of its message
  bool is_handed_out_ = false;  // what is kept, until the next call
  Layout layout_;
};

}  // namespace sluice::cluster
