// Engine.IO payloads and packets: whatever a client posts is taken apart without a byte lost, and what a server's
// frames become in a payload is taken apart into the same packets again.

#include <cstdlib>
#include <string>
#include <vector>

#include "gateway/chunked_body.hpp"
#include "gateway/engine_io.hpp"
#include "gateway/rfc6455.hpp"

using namespace sluice::gateway;

namespace {

void require(bool is_true) {
  if (!is_true) std::abort();
}

void check_payload(std::string_view bytes) {
  std::string rejoined, decoded;
  std::string_view rest = bytes;
  for (std::size_t packets = 0; !rest.empty(); ++packets) {
    const bool had_separator = rest.find(engine_io::separator) != std::string_view::npos;
    const std::string_view text = engine_io::take_packet(rest);
    require(text.find(engine_io::separator) == std::string_view::npos);
    rejoined.append(text);
    if (had_separator) rejoined += engine_io::separator;
    if (const auto packet = engine_io::parse_packet(text, decoded); packet && !packet->is_binary) {
      require(packet->data == text.substr(1) && engine_io::digit_of(packet->type) == text[0]);
    }
  }
  require(rejoined == bytes);
}

// The bytes as messages of a server: a text has no separator in it, as Engine.IO's packets do not.
void check_polled(std::string_view bytes) {
  struct Sent {
    bool is_binary;
    std::string data;
  };
  std::vector<Sent> sent;
  std::string frames;
  while (!bytes.empty()) {
    const std::size_t size = std::min<std::size_t>(bytes.size() - 1, static_cast<std::uint8_t>(bytes[0]) * 2u);
    Sent one{(bytes[0] & 1) != 0, std::string(bytes.substr(1, size))};
    bytes.remove_prefix(1 + size);
    if (!one.is_binary) {
      std::erase(one.data, engine_io::separator);
      one.data.insert(0, "4");
    }
    rfc6455::append_frame(frames, one.is_binary ? rfc6455::Opcode::binary : rfc6455::Opcode::text, one.data);
    sent.push_back(std::move(one));
  }
  std::string payload;
  require(engine_io::append_polled(payload, frames) == frames.size());
  // A frame that is cut is left for later.
  std::string some;
  require(frames.empty() ||
          engine_io::append_polled(some, std::string_view(frames).substr(0, frames.size() - 1)) < frames.size());
  std::string_view rest = payload;
  std::string decoded;
  for (const Sent& one : sent) {
    const auto packet = engine_io::parse_packet(engine_io::take_packet(rest), decoded);
    require(packet && packet->is_binary == one.is_binary);
    require(packet->data == (one.is_binary ? std::string_view(one.data) : std::string_view(one.data).substr(1)));
  }
  require(rest.empty());
}

// However the coding is cut, the same body comes of it.
void check_chunked(std::string_view bytes) {
  const auto read = [bytes](std::size_t piece_bytes) {
    ChunkedBody coding;
    std::string body;
    for (std::string_view rest = bytes; !rest.empty() && !coding.is_done();) {
      const auto taken = coding.put(rest.substr(0, piece_bytes), body, 64);
      if (!taken) return std::string("malformed");
      require(*taken <= piece_bytes && body.size() <= 64);
      rest.remove_prefix(std::min(rest.size(), coding.is_done() ? *taken : std::min(piece_bytes, rest.size())));
    }
    return body + (coding.is_done() ? '.' : '?');
  };
  require(read(1) == read(bytes.size() + 1));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  check_payload(bytes);
  check_polled(bytes);
  if (size > 0 && size < 200) check_chunked(bytes);
  return 0;
}
