#pragma once
// Transport: the PORT for what stands between a wire's bytes and the socket's (TLS), or in a socket's place (a session
// whose client fetches by one request after the other). A connection without one reads and writes its socket directly.
// Implemented by gateway/; used on the connection's worker alone.

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/address.hpp"

namespace sluice::workers {

class Transport {
 public:
  // What became of an attempt. `blocked`: the socket has nothing, or takes nothing, for now; an edge will come.
  enum class State : std::uint8_t { open, blocked, ended, failed };
  struct Progress {
    State state = State::open;
    std::size_t bytes = 0;         // of the wire: plain ones that were read or taken
    std::size_t socket_bytes = 0;  // that went over the socket
  };

  Transport() = default;
  virtual ~Transport() = default;
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  // Reads plain bytes into `into`, after having done what the handshake still needs. Bytes may come beside any state;
  // `open` with bytes means that there may be more at once. `ended`: the peer will send no more, and said so.
  virtual Progress read(int descriptor, std::span<char> into) = 0;
  // Takes plain bytes, a prefix of all pieces together. Bytes that were taken are on their way and may be forgotten;
  // what the socket did not take of their encrypted form waits inside, and is bounded by one record.
  virtual Progress write(int descriptor, std::span<const iovec> pieces) = 0;
  // True while encrypted bytes, of data or of the handshake, wait inside for the socket: write() without pieces sends
  // them on.
  virtual bool has_pending() const = 0;
  // Says to the peer that no more will come (TLS: close_notify). Like write() without pieces.
  virtual Progress end(int descriptor) = 0;
  // Where the client is, if the socket does not tell: there is none, or a proxy is at its other end.
  virtual std::optional<base::Address> remote_address() const { return std::nullopt; }
  // Why it failed, in words fit for a log line; empty if it did not.
  virtual std::string_view failure() const = 0;
};

}  // namespace sluice::workers
