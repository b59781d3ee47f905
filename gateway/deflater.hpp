#pragma once
// Deflater: makes messages smaller, one after another (RFC 7692, 7.2.1). Belongs to one worker.

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "gateway/rfc7692.hpp"

struct z_stream_s;

namespace sluice::gateway {

// What a deflater or inflater remembers when a message is done.
enum class Context : std::uint8_t {
  fresh,  // nothing: each message stands alone ("no context takeover")
  kept,   // the last bytes, up to the window's size, for the next message to refer to
};

class Deflater {
 public:
  // `window_bits` from narrow_window_bits to 15, `level` from 1 (fast) to 9 (small). Memory: 15 KB at 9 bits, 37 KB at
  // 12, 261 KB at 15.
  Deflater(int window_bits, int level, Context context);

  // Appends the payload of a message with RSV1 to `out` and returns true; or returns false, with `out` as it was, if
  // that would not be shorter than `message`: it is then to be sent as it is. As the receiver's inflater does not see
  // such a message, it is forgotten here too, with all before it.
  bool deflate(std::string_view message, std::string& out);

  // Makes the next message stand alone. Needed with Context::kept whenever a deflated message is dropped, or one of
  // another deflater is sent between: later ones must not refer to what the receiver did not get or counts differently.
  void forget();

 private:
  struct End {
    void operator()(z_stream_s* stream) const;
  };
  std::unique_ptr<z_stream_s, End> stream_;
  Context context_;
};

// The deflaters of one worker, for messages that stand alone: one for each size of window, made on first need.
class SharedDeflater {
 public:
  explicit SharedDeflater(int level) : level_(level) {}

  // Like Deflater::deflate, for receivers that agreed on `window_bits`, narrow_window_bits or more.
  bool deflate(std::string_view message, int window_bits, std::string& out);

 private:
  int level_;
  std::array<std::unique_ptr<Deflater>, rfc7692::window_bits_max - narrow_window_bits + 1> by_window_;
};

}  // namespace sluice::gateway
