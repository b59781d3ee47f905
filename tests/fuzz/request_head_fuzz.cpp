// A request's head: whatever comes is refused or read the same way however it is cut, nothing that smuggles is read,
// and what is read can go on to the handshake.

#include <cstdlib>
#include <string>

#include "gateway/http_head.hpp"
#include "gateway/origins.hpp"
#include "gateway/request_target.hpp"
#include "gateway/utf8.hpp"
#include "gateway/websocket_handshake.hpp"

using namespace sluice::gateway;

namespace {

void require(bool is_true) {
  if (!is_true) std::abort();
}

// What has come is looked at as it comes, as the wire does; gives whether all of it passed.
bool passes_in_pieces(std::string_view bytes, std::size_t piece_bytes) {
  for (std::size_t seen = 0; seen < bytes.size();) {
    const std::size_t end = std::min(bytes.size(), seen + piece_bytes);
    if (!check_head(bytes.substr(0, end), seen)) return false;
    seen = end;
  }
  return true;
}

bool has_bare(std::string_view bytes) {
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    if (bytes[at] == '\n' && (at == 0 || bytes[at - 1] != '\r')) return true;
    if (bytes[at] == '\r' && at + 1 < bytes.size() && bytes[at + 1] != '\n') return true;
  }
  return false;
}

bool lies_inside(std::string_view part, std::string_view whole) {
  return part.empty() || (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

void check_read(std::string_view bytes, const HttpHead& head) {
  require(bytes.find('\0') == std::string_view::npos && !has_bare(bytes));
  require(bytes.find("\n ") == std::string_view::npos && bytes.find("\n\t") == std::string_view::npos);
  require(!head.method.empty() && !head.target.empty());
  require(lies_inside(head.method, bytes) && lies_inside(head.target, bytes));
  require(head.count("Content-Length") + head.count("Transfer-Encoding") <= 1);
  require(head.count("Host") <= 1 && (!head.is_http_1_1 || head.count("Host") == 1));
  for (const auto& [name, value] : head.fields) {
    require(lies_inside(name, bytes) && lies_inside(value, bytes));
    require(!name.empty() && name.find_first_of(" \t:\r\n") == std::string_view::npos);
    require(value.find_first_of("\r\n") == std::string_view::npos);
    require(value.empty() || (value.front() != ' ' && value.back() != ' '));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Options options = [] {
    Options open;
    open.client_messages = ClientMessages::relay;
    open.room_name_bytes_max = 32;
    return open;
  }();
  static sluice::workers::Namespaces namespaces({.declared = {"/chat"}});
  static const Seals seals;
  static const Admission nobody;
  const std::string_view all(reinterpret_cast<const char*>(data), size);
  const std::string_view bytes = all.substr(0, head_size(all) == 0 ? size : head_size(all));
  const bool passes = passes_in_pieces(bytes, size + 1);
  for (const std::size_t piece_bytes : {1U, 2U, 5U}) require(passes_in_pieces(bytes, piece_bytes) == passes);
  if (!passes || head_size(bytes) == 0) return 0;
  const auto head = parse_head(bytes);
  if (!head) return 0;
  check_read(bytes, *head);
  const auto target = RequestTarget::parse(head->target);
  if (!target) return 0;
  const auto shaken = shake_hands(*head, *target, {options, namespaces, seals, 4, nobody});
  if (const auto* const error = std::get_if<HttpError>(&shaken)) {
    require(error->status >= 400 && error->status < 600);
    require(http_text(http_reply(*error)).find("\r\n\r\n{") != std::string::npos);
    return 0;
  }
  const auto& handshake = std::get<WebSocketHandshake>(shaken);
  require(handshake.answer.starts_with("HTTP/1.1 101 ") && handshake.answer.ends_with("\r\n\r\n"));
  // Nothing of the request may begin a line of its own in the answer.
  require(handshake.answer.find("\r\n\r\n") + 4 == handshake.answer.size());
  require(!handshake.subscription.announcement.rooms.empty() && handshake.subscription.announcement.rooms.size() <= 4);
  for (const auto& room : handshake.subscription.announcement.rooms) {
    require(room.kind == sluice::workers::RoomKey::Kind::room && !room.name.empty() && room.name.size() <= 32);
    require(is_utf8(room.name));
  }
  return 0;
}
