#include "gateway/frame_decoder.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "gateway/utf8.hpp"

namespace sluice::gateway {

using namespace rfc6455;

struct FrameDecoder::Head {
  bool is_final = false;
  bool is_deflated = false;  // RSV1
  Opcode opcode = Opcode::continuation;
  std::uint64_t payload_bytes = 0;
  std::array<char, mask_bytes> mask{};

  bool is_control() const { return static_cast<std::uint8_t>(opcode) >= static_cast<std::uint8_t>(Opcode::close); }
};

// What an incomplete frame or message has so far.
struct FrameDecoder::Partial {
  std::array<char, frame_head_bytes_max> head_bytes{};
  std::uint8_t head_size = 0;
  bool in_payload = false;  // the head is complete
  Head head;
  std::uint64_t received = 0;  // of the frame's payload
  std::string control;         // a control frame's payload

  bool in_message = false;  // a data frame without its end was begun
  bool is_handed_out = false;
  bool is_deflated = false;
  Opcode opcode = Opcode::text;
  std::uint64_t fragments = 0;
  std::string data;
  Utf8 utf8;
};

namespace {

FrameDecoder::Event failure(std::uint16_t code, std::string_view why) {
  return {FrameDecoder::Kind::failure, code, why, false};
}

// Applies the mask, which begins with its byte `phase` (RFC 6455, 5.3), eight bytes at a time.
void unmask(char* bytes, std::size_t size, const std::array<char, mask_bytes>& mask, std::uint64_t phase) {
  std::array<char, 8> wide;
  for (std::size_t at = 0; at < wide.size(); ++at) wide[at] = mask[(phase + at) % mask_bytes];
  std::uint64_t pattern;
  std::memcpy(&pattern, wide.data(), sizeof pattern);
  std::size_t at = 0;
  for (; at + sizeof pattern <= size; at += sizeof pattern) {
    std::uint64_t word;
    std::memcpy(&word, bytes + at, sizeof word);
    word ^= pattern;
    std::memcpy(bytes + at, &word, sizeof word);
  }
  for (; at < size; ++at) bytes[at] ^= wide[at % mask_bytes];
}

// Bytes of a whole head, told by its first two.
std::size_t head_bytes(std::uint8_t second) {
  const std::uint8_t length = second & length_bits;
  return 2 + (length == length_16 ? 2 : length == length_64 ? 8 : 0) + mask_bytes;
}

// What is wrong with a head can be seen in its first two bytes, but for the length.
FrameDecoder::Event check_start(std::uint8_t first, std::uint8_t second, bool allows_deflate) {
  const std::uint8_t opcode = first & opcode_bits;
  // RSV1 says that a message is deflated, on its first frame (RFC 7692, 6.1).
  const std::uint8_t allowed = allows_deflate && (opcode == 1 || opcode == 2) ? rsv1_bit : 0;
  if ((first & rsv_bits & ~allowed) != 0) return failure(close_code::protocol_error, "a reserved bit is set");
  if ((opcode > 2 && opcode < 8) || opcode > 10) return failure(close_code::protocol_error, "the opcode is reserved");
  if ((second & mask_bit) == 0) return failure(close_code::protocol_error, "the frame is not masked");
  if (opcode < 8) return {};
  if ((first & fin_bit) == 0) return failure(close_code::protocol_error, "a control frame is fragmented");
  if ((second & length_bits) > control_payload_bytes_max) {
    return failure(close_code::protocol_error, "a control frame is longer than 125 bytes");
  }
  return {};
}

FrameDecoder::Event control_event(Opcode opcode, std::string_view payload) {
  using Kind = FrameDecoder::Kind;
  if (opcode == Opcode::ping) return {Kind::ping, close_code::none, payload, false};
  if (opcode == Opcode::pong) return {Kind::pong, close_code::none, payload, false};
  if (payload.empty()) return {Kind::close, close_code::none, payload, false};
  if (payload.size() == 1) return failure(close_code::protocol_error, "the close code is cut off");
  const auto code =
      static_cast<std::uint16_t>(static_cast<std::uint8_t>(payload[0]) << 8 | static_cast<std::uint8_t>(payload[1]));
  if (!is_close_code(code)) return failure(close_code::protocol_error, "the close code may not be sent");
  payload.remove_prefix(2);
  if (!is_utf8(payload)) return failure(close_code::bad_data, "the close reason is not UTF-8");
  return {Kind::close, code, payload, false};
}

}  // namespace

FrameDecoder::FrameDecoder() = default;
FrameDecoder::~FrameDecoder() = default;
FrameDecoder::FrameDecoder(FrameDecoder&&) noexcept = default;
FrameDecoder& FrameDecoder::operator=(FrameDecoder&&) noexcept = default;

FrameDecoder::Partial& FrameDecoder::partial() {
  if (!partial_) partial_ = std::make_unique<Partial>();
  return *partial_;
}

FrameDecoder::Event FrameDecoder::next(std::span<char>& bytes, const Limits& limits) {
  // What was handed out by the last call is not needed any more.
  if (partial_ && partial_->is_handed_out) {
    if (partial_->in_message) {
      partial_->control.clear();
      partial_->is_handed_out = false;
    } else {
      partial_.reset();
    }
  }
  while (!bytes.empty() || (partial_ && partial_->in_payload)) {
    if (partial_ && partial_->in_payload) {
      const Event event = take_part(bytes, limits);
      if (event.kind != Kind::none || (partial_ && partial_->in_payload)) return event;
      continue;
    }
    Head head;
    Event event;
    if (!read_head(bytes, head, limits.deflated_bytes_max > 0, event)) return event;
    event = check(head, limits);
    if (event.kind != Kind::none) return event;
    const bool is_alone = head.is_control() || (head.is_final && !(partial_ && partial_->in_message));
    if (is_alone && bytes.size() >= head.payload_bytes) return take_whole(bytes, head);
    Partial& begun = partial();
    begun.head = head;
    begun.in_payload = true;
    begun.received = 0;
  }
  return {};
}

// Takes the head off `bytes`, together with what of it came before. False if it is not complete, or wrong.
bool FrameDecoder::read_head(std::span<char>& bytes, Head& head, bool allows_deflate, Event& failure_event) {
  std::array<char, frame_head_bytes_max> joined;
  const std::size_t kept = partial_ ? partial_->head_size : 0;
  if (kept > 0) std::memcpy(joined.data(), partial_->head_bytes.data(), kept);
  const std::size_t fresh = std::min(bytes.size(), joined.size() - kept);
  std::memcpy(joined.data() + kept, bytes.data(), fresh);
  const std::size_t have = kept + fresh;
  const auto byte = [&joined](std::size_t at) { return static_cast<std::uint8_t>(joined[at]); };
  if (have >= 2) failure_event = check_start(byte(0), byte(1), allows_deflate);
  if (failure_event.kind != Kind::none) return false;
  const std::size_t need = have >= 2 ? head_bytes(byte(1)) : 2 + mask_bytes;
  if (have < need) {
    Partial& begun = partial();
    std::memcpy(begun.head_bytes.data(), joined.data(), have);
    begun.head_size = static_cast<std::uint8_t>(have);
    bytes = bytes.subspan(fresh);
    return false;
  }
  head.is_final = (byte(0) & fin_bit) != 0;
  head.is_deflated = (byte(0) & rsv1_bit) != 0;
  head.opcode = static_cast<Opcode>(byte(0) & opcode_bits);
  head.payload_bytes = byte(1) & length_bits;
  const std::size_t length_bytes = need - 2 - mask_bytes;
  if (length_bytes > 0) head.payload_bytes = 0;
  for (std::size_t at = 2; at < 2 + length_bytes; ++at) head.payload_bytes = head.payload_bytes << 8 | byte(at);
  std::memcpy(head.mask.data(), joined.data() + need - mask_bytes, mask_bytes);
  bytes = bytes.subspan(need - kept);
  if (partial_) partial_->head_size = 0;
  const std::uint64_t least = length_bytes == 8 ? 0x10000 : length_bytes == 2 ? length_16 : 0;
  if (head.payload_bytes >> 63 != 0 || head.payload_bytes < least) {
    failure_event = failure(close_code::protocol_error, "the length is not in its shortest form");
    return false;
  }
  return true;
}

// Decides from the head alone, before the payload comes.
FrameDecoder::Event FrameDecoder::check(const Head& head, const Limits& limits) const {
  if (head.is_control()) return {};
  const bool in_message = partial_ && partial_->in_message;
  if (in_message != (head.opcode == Opcode::continuation)) {
    return failure(close_code::protocol_error,
                   in_message ? "a message begins inside another" : "there is no message to continue");
  }
  const std::uint64_t before = in_message ? partial_->data.size() : 0;
  const bool is_deflated = in_message ? partial_->is_deflated : head.is_deflated;
  const std::uint64_t bytes_max = is_deflated ? limits.deflated_bytes_max : limits.message_bytes_max;
  if (head.payload_bytes > bytes_max - std::min(before, bytes_max)) {
    return failure(close_code::too_large, "the message is over the limit on its size");
  }
  if ((in_message ? partial_->fragments : 0) >= limits.fragments_max) {
    return failure(close_code::too_large, "the message has more frames than the limit");
  }
  return {};
}

// The frame lies whole in `bytes` and is a message or control frame by itself: nothing is copied.
FrameDecoder::Event FrameDecoder::take_whole(std::span<char>& bytes, const Head& head) {
  const auto size = static_cast<std::size_t>(head.payload_bytes);
  unmask(bytes.data(), size, head.mask, 0);
  const std::string_view payload(bytes.data(), size);
  bytes = bytes.subspan(size);
  if (partial_ && !partial_->in_message) partial_.reset();
  if (head.is_control()) return control_event(head.opcode, payload);
  if (head.opcode == Opcode::binary) return {Kind::binary, close_code::none, payload, head.is_deflated};
  if (!head.is_deflated && !is_utf8(payload)) return failure(close_code::bad_data, "the text is not UTF-8");
  return {Kind::text, close_code::none, payload, head.is_deflated};
}

// Takes what there is of the frame's payload.
FrameDecoder::Event FrameDecoder::take_part(std::span<char>& bytes, const Limits& limits) {
  Partial& begun = *partial_;
  const auto size =
      static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), begun.head.payload_bytes - begun.received));
  unmask(bytes.data(), size, begun.head.mask, begun.received);
  const std::string_view part(bytes.data(), size);
  bytes = bytes.subspan(size);
  if (begun.head.is_control()) {
    begun.control += part;
  } else {
    if (begun.received == 0 && begun.head.opcode != Opcode::continuation) {
      begun.opcode = begun.head.opcode;
      begun.is_deflated = begun.head.is_deflated;
    }
    if (begun.opcode == Opcode::text && !begun.is_deflated && !begun.utf8.feed(part)) {
      return failure(close_code::bad_data, "the text is not UTF-8");
    }
    // Memory grows with what has come, never with what was announced; and by doubling no further than the limit.
    if (begun.data.size() + size > begun.data.capacity()) {
      const std::size_t bytes_max = begun.is_deflated ? limits.deflated_bytes_max : limits.message_bytes_max;
      begun.data.reserve(std::min(bytes_max, std::max(begun.data.size() + size, 2 * begun.data.size())));
    }
    begun.data += part;
  }
  begun.received += size;
  return begun.received == begun.head.payload_bytes ? finish_frame() : Event{};
}

FrameDecoder::Event FrameDecoder::finish_frame() {
  Partial& begun = *partial_;
  begun.in_payload = false;
  if (begun.head.is_control()) {
    begun.is_handed_out = true;
    return control_event(begun.head.opcode, begun.control);
  }
  begun.in_message = !begun.head.is_final;
  ++begun.fragments;
  if (begun.in_message) return {};
  if (begun.opcode == Opcode::text && !begun.is_deflated && !begun.utf8.is_complete()) {
    return failure(close_code::bad_data, "the text ends in the middle of a character");
  }
  begun.is_handed_out = true;
  return {begun.opcode == Opcode::text ? Kind::text : Kind::binary, close_code::none, begun.data, begun.is_deflated};
}

}  // namespace sluice::gateway
