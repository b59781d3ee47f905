#include "bench/load/frames.hpp"

#include <array>

namespace sluice::bench {

namespace {

constexpr std::array<char, 4> mask{0x12, 0x34, 0x56, 0x78};
constexpr std::size_t length_of_two_bytes = 126, length_of_eight_bytes = 127;

void append_length(std::string& out, std::size_t bytes) {
  const auto with_mask = [](std::size_t length) { return static_cast<char>(0x80 | length); };
  int extra = 0;
  if (bytes < length_of_two_bytes) {
    out += with_mask(bytes);
  } else if (bytes < 65536) {
    out += with_mask(length_of_two_bytes);
    extra = 2;
  } else {
    out += with_mask(length_of_eight_bytes);
    extra = 8;
  }
  for (int at = extra - 1; at >= 0; --at) out += static_cast<char>(bytes >> (8 * at));
}

std::size_t big_endian(std::string_view bytes) {
  std::size_t value = 0;
  for (const char byte : bytes) value = value << 8 | static_cast<std::uint8_t>(byte);
  return value;
}

}  // namespace

void append_frame(std::string& out, Opcode opcode, std::string_view payload) {
  out += static_cast<char>(0x80 | static_cast<int>(opcode));
  append_length(out, payload.size());
  out.append(mask.data(), mask.size());
  const std::size_t start = out.size();
  out += payload;
  for (std::size_t at = 0; at < payload.size(); ++at) out[start + at] ^= mask[at % 4];
}

std::optional<Frame> first_frame(std::string_view bytes) {
  if (bytes.size() < 2) return std::nullopt;
  std::size_t length = bytes[1] & 127, header = 2;
  if (length >= length_of_two_bytes) {
    header += length == length_of_two_bytes ? 2 : 8;
    if (bytes.size() < header) return std::nullopt;
    length = big_endian(bytes.substr(2, header - 2));
  }
  if (bytes.size() - header < length) return std::nullopt;
  return Frame{.opcode = static_cast<Opcode>(bytes[0] & 15),
               .is_last = (bytes[0] & 0x80) != 0,
               .is_deflated = (bytes[0] & 0x40) != 0,
               .payload = bytes.substr(header, length),
               .bytes = header + length};
}

}  // namespace sluice::bench
