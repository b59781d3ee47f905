// Socket.IO packets and the events that are put together of several messages: what is taken is what its text says, and
// comes out of a server again as the same event.

#include <cstdlib>
#include <memory>
#include <string>

#include "base/json_scanner.hpp"
#include "gateway/pending_event.hpp"
#include "gateway/socket_io.hpp"

using namespace sluice::gateway;
using sluice::base::is_json;

namespace {

constexpr std::size_t bytes_max = 4096;

void require(bool is_true) {
  if (!is_true) std::abort();
}

void check_message(const socket_io::Packet& packet, std::vector<std::string> attachments) {
  const auto event = socket_io::parse_event(packet);
  if (!event) return;
  require(!socket_io::is_reserved(event->name));
  sluice::workers::Message message;
  socket_io::fill_message(*event, std::move(attachments), message);
  using sluice::workers::DataKind;
  require(message.kind != DataKind::json || is_json(message.data));
  if (message.kind == DataKind::arguments) require(sluice::base::json_elements(message.data).has_value());
  std::string frames;
  socket_io::append_event(frames, packet.name_space, packet.ack_id, message, "offset");
  socket_io::append_ack(frames, packet.name_space, 7, message);
  require(frames.size() > event->name.size());
}

void check_packet(std::string_view text) {
  const auto packet = socket_io::parse_packet(text);
  if (!packet) return;
  require(packet->attachments <= socket_io::attachments_max);
  using Type = socket_io::PacketType;
  if (packet->type == Type::connect) {
    require(packet->payload.empty() || is_json(packet->payload));
    static_cast<void>(socket_io::parse_connect(*packet));
  }
  if (packet->type != Type::event && packet->type != Type::binary_event) return;
  if (packet->attachments == 0) return check_message(*packet, {});
  // From a text of its own, which goes before the attachments come.
  auto copy = std::make_unique<std::string>(text);
  const auto again = socket_io::parse_packet(*copy);
  PendingEvent pending(*copy, *again, bytes_max);
  copy.reset();
  require(pending.packet().payload == packet->payload && pending.packet().name_space == packet->name_space);
  std::size_t bytes = text.size();
  while (!pending.is_complete()) {
    const std::string attachment(bytes % 700, 'a');
    const bool fits = bytes + attachment.size() <= bytes_max;
    require(pending.add(attachment) == fits);
    if (!fits) return;
    bytes += attachment.size();
  }
  std::vector<std::string> attachments = pending.take_attachments();
  check_message(pending.packet(), std::move(attachments));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_packet(text);
  // JSON is taken apart into what lies inside it.
  if (const auto elements = sluice::base::json_elements(text)) {
    for (const std::string_view element : *elements) require(is_json(element));
  }
  for (const auto& one : sluice::base::json_placeholders(is_json(text) ? text : "null")) {
    require(is_json(text.substr(one.begin, one.end - one.begin)));
  }
  return 0;
}
