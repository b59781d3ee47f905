// A client's frames: whatever comes, the decoder says what a plain reading of RFC 6455 says, however the bytes are cut.

#include <cstdlib>
#include <string>
#include <vector>

#include "gateway/frame_decoder.hpp"
#include "gateway/utf8.hpp"

using namespace sluice::gateway;

namespace {

using Kind = FrameDecoder::Kind;

struct Seen {
  Kind kind;
  std::uint16_t close_code;
  std::string payload;  // empty for a failure, whose words may differ
  bool is_deflated = false;
  bool operator==(const Seen&) const = default;
};

void require(bool is_true) {
  if (!is_true) std::abort();
}

// Decodes pieces of `piece_bytes` (0: all at once), each in memory of its own, so that what is kept must have been
// copied.
std::vector<Seen> decode(std::string_view bytes, std::size_t piece_bytes, const FrameDecoder::Limits& limits) {
  FrameDecoder decoder;
  std::vector<Seen> seen;
  for (std::string_view left = bytes; !left.empty();) {
    std::string piece(left.substr(0, piece_bytes == 0 ? left.size() : piece_bytes));
    left.remove_prefix(piece.size());
    for (std::span<char> rest(piece);;) {
      const std::size_t before = rest.size();
      const FrameDecoder::Event event = decoder.next(rest, limits);
      require(rest.size() <= before);
      if (event.kind == Kind::none) {
        require(rest.empty());
        break;
      }
      const std::size_t bytes_max = event.is_deflated ? limits.deflated_bytes_max : limits.message_bytes_max;
      require(event.payload.size() <= std::max<std::size_t>(bytes_max, 125) || event.kind == Kind::failure);
      const bool is_last = event.kind == Kind::close || event.kind == Kind::failure;
      std::string payload(event.kind == Kind::failure ? std::string_view{} : event.payload);
      seen.push_back({event.kind, event.close_code, std::move(payload), event.is_deflated});
      if (is_last) return seen;
    }
  }
  return seen;
}

// The standard read slowly: one frame after another, all of it there. Stops where bytes are missing, having said what
// can be said already.
class Reading {
 public:
  Reading(std::string_view bytes, const FrameDecoder::Limits& limits) : bytes_(bytes), limits_(limits) {}

  std::vector<Seen> all() {
    while (!is_over_ && frame()) {
    }
    return std::move(seen_);
  }

 private:
  bool fail(std::uint16_t code) {
    seen_.push_back({Kind::failure, code, ""});
    is_over_ = true;
    return false;
  }
  std::uint8_t byte(std::size_t at) const { return static_cast<std::uint8_t>(bytes_[at]); }

  bool frame() {
    if (bytes_.size() < 2) return false;
    const bool is_final = (byte(0) & 0x80) != 0;
    const int opcode = byte(0) & 15;
    const bool may_be_deflated = limits_.deflated_bytes_max > 0 && (opcode == 1 || opcode == 2);
    if ((byte(0) & 0x30) != 0 || ((byte(0) & 0x40) != 0 && !may_be_deflated)) return fail(1002);
    if ((opcode > 2 && opcode < 8) || opcode > 10 || byte(1) < 0x80) return fail(1002);
    std::uint64_t length = byte(1) & 0x7F;
    const bool is_control = opcode >= 8;
    if (is_control && (!is_final || length > 125)) return fail(1002);
    std::size_t head = 2;
    const std::size_t extra = length == 126 ? 2 : length == 127 ? 8 : 0;
    if (bytes_.size() < head + extra + 4) return false;
    if (extra > 0) {
      length = 0;
      for (std::size_t at = 0; at < extra; ++at) length = length << 8 | byte(head + at);
      if (length >> 63 != 0 || length < (extra == 2 ? 126U : 65536U)) return fail(1002);
      head += extra;
    }
    if (!is_control) {
      if (in_message_ != (opcode == 0)) return fail(1002);
      if (opcode != 0) is_deflated_ = (byte(0) & 0x40) != 0;
      const std::size_t bytes_max = is_deflated_ ? limits_.deflated_bytes_max : limits_.message_bytes_max;
      if (length > bytes_max - message_.size()) return fail(1009);
      if ((in_message_ ? fragments_ : 0) >= limits_.fragments_max) return fail(1009);
      if (opcode != 0) is_text_ = opcode == 1;
    }
    std::string payload;
    for (std::size_t at = 0; at < length && head + 4 + at < bytes_.size(); ++at) {
      payload += static_cast<char>(byte(head + 4 + at) ^ byte(head + at % 4));
    }
    const bool is_whole = payload.size() == length;
    if (is_whole) bytes_.remove_prefix(head + 4 + payload.size());
    return is_control ? is_whole && control(opcode, payload) : data(payload, is_final, is_whole);
  }

  bool control(int opcode, const std::string& payload) {
    if (opcode != 8) {
      seen_.push_back({opcode == 9 ? Kind::ping : Kind::pong, 1005, payload});
      return true;
    }
    std::uint16_t code = 1005;
    if (payload.size() == 1) return fail(1002);
    if (payload.size() > 1) {
      code = static_cast<std::uint16_t>(static_cast<std::uint8_t>(payload[0]) << 8 |
                                        static_cast<std::uint8_t>(payload[1]));
      const bool is_sound = (code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006) ||
                            (code >= 3000 && code <= 4999);
      if (!is_sound) return fail(1002);
      if (!is_utf8(payload.substr(2))) return fail(1007);
    }
    seen_.push_back({Kind::close, code, payload.size() > 2 ? payload.substr(2) : ""});
    is_over_ = true;
    return false;
  }

  // Text that cannot become UTF-8 any more is refused before the rest of it came.
  bool data(const std::string& payload, bool is_final, bool is_whole) {
    if (!in_message_) fragments_ = 0;
    if (is_whole) ++fragments_;
    message_ += payload;
    Utf8 utf8;
    const bool is_checked = is_text_ && !is_deflated_;
    if (is_checked && !utf8.feed(message_)) return fail(1007);
    if (!is_whole) return false;
    in_message_ = !is_final;
    if (in_message_) return true;
    if (is_checked && !utf8.is_complete()) return fail(1007);
    seen_.push_back({is_text_ ? Kind::text : Kind::binary, 1005, std::move(message_), is_deflated_});
    message_.clear();
    return true;
  }

  std::string_view bytes_;
  const FrameDecoder::Limits& limits_;
  std::vector<Seen> seen_;
  bool is_over_ = false, in_message_ = false, is_text_ = false, is_deflated_ = false;
  std::uint64_t fragments_ = 0;
  std::string message_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::size_t deflated_bytes_max = (data[1] & 8) != 0 ? data[0] * std::size_t{4} + 1 : 0;
  const FrameDecoder::Limits limits{data[0] * std::size_t{16} + 1, data[1] % 8U + 1, deflated_bytes_max};
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  const std::vector<Seen> expected = Reading(bytes, limits).all();
  for (const std::size_t piece_bytes : {0U, 1U, 2U, 3U, 7U, 64U})
    require(decode(bytes, piece_bytes, limits) == expected);
  return 0;
}
