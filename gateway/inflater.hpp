#pragma once
// Inflater: makes deflated messages whole again (RFC 7692, 7.2.2), within a bound. Belongs to one worker.
//
// One with Context::fresh serves all of a worker's connections, one whole message at a time: a message that comes in
// pieces is gathered as it came, so that an idle connection owns nothing and an unfinished message costs what its
// sender has sent. One with Context::kept belongs to a connection, and takes pieces as they come.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "gateway/deflater.hpp"

namespace sluice::gateway {

class Inflater {
 public:
  enum class Outcome : std::uint8_t {
    fine,
    too_large,  // the message is longer than allowed (close code 1009)
    malformed,  // it is no DEFLATE data, refers to before the window, or stops within a block (close code 1007)
  };

  // `window_bits` from 8 to 15, not less than the sender's. Memory: 7 KB, and the window once something was inflated.
  Inflater(int window_bits, Context context);

  // Appends what `deflated`, the message's next bytes, make to `message`, of which at most one byte more than
  // `message_bytes_max` for the whole message: nothing is allocated but for bytes that were made. After any outcome but
  // `fine` the message is over and what was kept is forgotten.
  Outcome add(std::string_view deflated, std::string& message, std::size_t message_bytes_max);
  // Ends the message; appends what may be left of it.
  Outcome finish(std::string& message, std::size_t message_bytes_max);

  // Both, for a message that is there as a whole.
  Outcome inflate(std::string_view deflated, std::string& message, std::size_t message_bytes_max);

 private:
  Outcome run(std::string_view deflated, std::string& message, std::size_t message_bytes_max);
  Outcome take_input(std::string& message, std::size_t message_bytes_max);
  void grow(std::string& message, std::size_t bytes_max);
  void end_message(bool forgets);

  struct End {
    void operator()(z_stream_s* stream) const;
  };
  std::unique_ptr<z_stream_s, End> stream_;
  std::size_t made_ = 0;  // bytes of this message so far
  Context context_;
  bool is_begun_ = false;              // this message had bytes
  bool is_behind_last_block_ = false;  // the last byte ended a block that says to be the last
};

}  // namespace sluice::gateway
