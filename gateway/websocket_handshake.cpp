#include "gateway/websocket_handshake.hpp"

#include <algorithm>
#include <optional>

#include "base/control_character.hpp"
#include "gateway/encodings.hpp"
#include "gateway/origins.hpp"
#include "gateway/rfc6455.hpp"
#include "gateway/utf8.hpp"

namespace sluice::gateway {
namespace {

using base::Errc;
using base::fail;

constexpr std::string_view default_room = "lobby";
// Sub-protocols that the gateway speaks, in the order of its liking.
constexpr std::array<std::string_view, 0> subprotocols{};

std::optional<HttpError> upgrade_misfit(const HttpHead& head) {
  if (head.method != "GET") {
    return HttpError{405, fail(Errc::bad_request, "a WebSocket begins with GET"), "Allow: GET\r\n"};
  }
  if (!head.is_http_1_1) return http_error(fail(Errc::bad_request, "a WebSocket needs HTTP/1.1"));
  if (!head.has_token("Upgrade", "websocket") || !head.has_token("Connection", "upgrade")) {
    return HttpError{426,
                     fail(Errc::bad_request,
                          "this is a WebSocket endpoint: Upgrade: websocket and Connection: Upgrade "
                          "are needed"),
                     "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"};
  }
  if (head.find("Sec-WebSocket-Version") != rfc6455::version) {
    return HttpError{426, fail(Errc::bad_request, "Sec-WebSocket-Version must be 13"),
                     "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"};
  }
  if (!rfc6455::is_key(head.find("Sec-WebSocket-Key"))) {
    return http_error(fail(Errc::bad_request, "Sec-WebSocket-Key is not 16 bytes in base64"));
  }
  const std::string_view length = head.find("Content-Length");
  if ((!length.empty() && length != "0") || head.count("Transfer-Encoding") > 0) {
    return http_error(fail(Errc::bad_request, "a request that upgrades has no body"));
  }
  return std::nullopt;
}

bool is_token(std::string_view text) {
  static constexpr std::string_view others = "!#$%&'*+-.^_`|~";  // RFC 9110, 5.6.2
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           others.find(c) != std::string_view::npos;
  });
}

// Chooses the first of the client's sub-protocols that is spoken here; empty if none is. Fails if the header is
// malformed.
base::Result<std::string_view> choose_subprotocol(const HttpHead& head) {
  std::string_view chosen;
  for (const auto& [name, value] : head.fields) {
    if (!equals_ignoring_case(name, "Sec-WebSocket-Protocol")) continue;
    for (std::string_view rest = value; !rest.empty();) {
      const auto comma = rest.find(',');
      std::string_view offer = rest.substr(0, comma);
      rest = comma == std::string_view::npos ? std::string_view{} : rest.substr(comma + 1);
      while (offer.starts_with(' ')) offer.remove_prefix(1);
      while (offer.ends_with(' ')) offer.remove_suffix(1);
      if (!is_token(offer)) return fail(Errc::bad_request, "Sec-WebSocket-Protocol is not a list of tokens");
      const bool is_spoken = std::find(subprotocols.begin(), subprotocols.end(), offer) != subprotocols.end();
      if (is_spoken && chosen.empty()) chosen = offer;
    }
  }
  return chosen;
}

base::Status check_room(const std::string& name, const Options& options) {
  if (name.empty()) return fail(Errc::bad_request, "a room's name is empty");
  if (name.size() > options.room_name_bytes_max) {
    return fail(Errc::bad_request,
                "a room's name is longer than " + std::to_string(options.room_name_bytes_max) + " bytes");
  }
  if (!is_utf8(name) || base::has_control_character(name)) {
    return fail(Errc::bad_request, "a room's name is not UTF-8 without control characters");
  }
  if (options.effective_client_rooms() == ClientRooms::granted && name != default_room) {
    return fail(Errc::forbidden, "a room was asked for that was not granted; only lobby may be named");
  }
  return base::ok();
}

base::Result<std::vector<workers::RoomKey>> rooms_of(const RequestTarget& target, const Options& options,
                                                     std::size_t rooms_max) {
  std::vector<workers::RoomKey> rooms;
  for (const auto& [name, value] : target.parameters) {
    if (name != "room") continue;
    if (const auto status = check_room(value, options); !status) return status.error();
    const auto key = workers::RoomKey::room(value);
    if (std::find(rooms.begin(), rooms.end(), key) != rooms.end()) continue;
    if (rooms.size() == rooms_max) {
      return fail(Errc::bad_request, "more rooms than " + std::to_string(rooms_max) + " are named");
    }
    rooms.push_back(key);
  }
  if (rooms.empty()) rooms.push_back(workers::RoomKey::room(std::string(default_room)));
  return rooms;
}

// Reads what the query says about the envelope and where to resume from.
base::Status read_query(const RequestTarget& target, WebSocketHandshake& handshake) {
  if (const std::string* const envelope = target.find("envelope")) {
    if (*envelope != "0" && *envelope != "1") return fail(Errc::bad_request, "envelope is neither 0 nor 1");
    handshake.is_enveloped = *envelope == "1";
  }
  if (const std::string* const since = target.find("since")) {
    handshake.announcement.since = base::Position::parse(*since);
    if (!handshake.announcement.since) {
      return fail(Errc::bad_request, "since is not a position, such as 00c0ffee00c0ffee-42");
    }
    handshake.is_enveloped = true;
  }
  return base::ok();
}

// Agrees on compression; gives the answer's header, or nothing.
base::Result<std::string> agree_on_extensions(const HttpHead& head, const Options& options,
                                              WebSocketHandshake& handshake) {
  std::vector<std::string_view> offers;
  for (const auto& [name, value] : head.fields) {
    if (equals_ignoring_case(name, "Sec-WebSocket-Extensions")) offers.push_back(value);
  }
  const auto agreed = agree_on_deflate(offers, options.compression);
  if (!agreed) return agreed.error();
  if (!*agreed) return std::string();
  handshake.deflate = (**agreed).terms;
  return "Sec-WebSocket-Extensions: " + (**agreed).answer + "\r\n";
}

}  // namespace

std::variant<WebSocketHandshake, HttpError> shake_hands(const HttpHead& head, const RequestTarget& target,
                                                        const Options& options, const Namespaces& namespaces,
                                                        std::size_t rooms_max) {
  if (auto misfit = upgrade_misfit(head)) return *std::move(misfit);
  if (!is_origin_allowed(options.allowed_origins, head.find("Origin"), head.find("Host"))) {
    return http_error(fail(Errc::forbidden, "the page's origin may not connect (option allowed-origins)"));
  }
  const auto subprotocol = choose_subprotocol(head);
  if (!subprotocol) return http_error(subprotocol.error());
  WebSocketHandshake handshake;
  const std::string* const name = target.find("namespace");
  const auto name_space = namespaces.find(name != nullptr ? *name : "/");
  if (!name_space) return http_error(fail(Errc::not_found, "there is no such namespace"));
  handshake.announcement.name_space = *name_space;
  auto rooms = rooms_of(target, options, rooms_max);
  if (!rooms) return http_error(rooms.error());
  handshake.announcement.rooms = std::move(*rooms);
  if (const auto status = read_query(target, handshake); !status) return http_error(status.error());
  const auto extensions = agree_on_extensions(head, options, handshake);
  if (!extensions) return http_error(extensions.error());
  handshake.announcement.format = websocket_format(handshake.is_enveloped, handshake.deflate);
  handshake.answer =
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Accept: ";
  handshake.answer.append(rfc6455::accept_value(head.find("Sec-WebSocket-Key"))).append("\r\n");
  if (!subprotocol->empty()) handshake.answer.append("Sec-WebSocket-Protocol: ").append(*subprotocol).append("\r\n");
  handshake.answer.append(*extensions).append("\r\n");
  return handshake;
}

}  // namespace sluice::gateway
