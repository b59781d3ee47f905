// What a NATS server sends: however the bytes are cut, the same events come of them, none larger than what was sent;
// and headers that are taken apart are the same when they are written again.

#include <cstdlib>
#include <string>
#include <vector>

#include "cluster/nats_info.hpp"
#include "cluster/nats_parser.hpp"

using namespace sluice::cluster;

namespace {

constexpr std::size_t message_bytes_max = 512;

void require(bool is_true) {
  if (!is_true) std::abort();
}

void check_headers(const NatsMessage& message) {
  const auto headers = message.headers();
  if (!headers || headers->all().empty()) return;
  require(are_headers(headers->all()));
  std::string written;
  append_headers(written, headers->all());
  require(written.size() == header_bytes(headers->all()));
  const auto again = NatsHeaders::parse(written);
  require(again && again->all().size() == headers->all().size());
  for (std::size_t at = 0; at < again->all().size(); ++at) {
    require(again->all()[at].name == headers->all()[at].name && again->all()[at].value == headers->all()[at].value);
  }
}

// What the events say, one behind the other.
std::string parse(std::string_view bytes, std::size_t piece_bytes) {
  NatsParser parser;
  std::string said;
  while (!bytes.empty()) {
    // A copy of its own, so that whoever reads beyond it is seen.
    const std::vector<char> owned(bytes.begin(),
                                  bytes.begin() + static_cast<long>(std::min(piece_bytes, bytes.size())));
    std::string_view piece(owned.data(), owned.size());
    bytes.remove_prefix(piece.size());
    while (!piece.empty()) {
      const NatsParser::Event event = parser.next(piece, message_bytes_max);
      if (event.kind == NatsParser::Kind::none) continue;
      const NatsMessage& message = event.message;
      require(message.header_block.size() + message.payload.size() <= message_bytes_max);
      if (event.kind == NatsParser::Kind::info) static_cast<void>(NatsInfo::parse(event.text));
      check_headers(message);
      said += static_cast<char>('0' + static_cast<int>(event.kind));
      for (const std::string_view part :
           {event.text, message.subject, message.reply, message.header_block, message.payload}) {
        said.append(part) += '\0';
      }
      said += std::to_string(message.subscription);
      if (event.kind == NatsParser::Kind::failure) return said;
    }
  }
  return said;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::string whole = parse(bytes, size + 1);
  require(parse(bytes, 1) == whole);
  require(parse(bytes, 7) == whole);
  return 0;
}
