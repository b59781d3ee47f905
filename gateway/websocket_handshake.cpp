#include "gateway/websocket_handshake.hpp"

#include <algorithm>
#include <optional>

#include "gateway/encodings.hpp"
#include "gateway/origins.hpp"
#include "gateway/rfc6455.hpp"
#include "gateway/subscription.hpp"
#include "gateway/token_finder.hpp"

namespace sluice::gateway {
namespace {

using base::Errc;
using base::fail;

// The sub-protocol in which clients say commands.
constexpr std::string_view command_protocol = "sluice.v1.json";

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
  std::string_view chosen, bearer;
  for (const auto& [name, value] : head.fields) {
    if (!equals_ignoring_case(name, "Sec-WebSocket-Protocol")) continue;
    for (std::string_view rest = value; !rest.empty();) {
      const auto comma = rest.find(',');
      std::string_view offer = rest.substr(0, comma);
      rest = comma == std::string_view::npos ? std::string_view{} : rest.substr(comma + 1);
      while (offer.starts_with(' ')) offer.remove_prefix(1);
      while (offer.ends_with(' ')) offer.remove_suffix(1);
      if (!is_token(offer)) return fail(Errc::bad_request, "Sec-WebSocket-Protocol is not a list of tokens");
      // One that is a token is answered only if there is nothing else: a browser wants one of its offers back.
      if (offer.starts_with(bearer_prefix)) bearer = offer;
      if (offer == command_protocol) chosen = offer;
    }
  }
  return chosen.empty() ? bearer : chosen;
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

std::string accept_upgrade(const HttpHead& head) {
  std::string answer =
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Accept: ";
  return answer.append(rfc6455::accept_value(head.find("Sec-WebSocket-Key"))).append("\r\n");
}

std::optional<HttpError> websocket_misfit(const HttpHead& head, const Options& options) {
  if (auto misfit = upgrade_misfit(head)) return misfit;
  if (is_origin_allowed(options.allowed_origins, head.find("Origin"), head.find("Host"))) return std::nullopt;
  return http_error(fail(Errc::forbidden, "the page's origin may not connect (option allowed-origins)"));
}

std::variant<WebSocketHandshake, HttpError> shake_hands(const HttpHead& head, const RequestTarget& target,
                                                        const SubscriptionRules& rules) {
  const Options& options = rules.options;
  if (auto misfit = websocket_misfit(head, options)) return *std::move(misfit);
  const auto subprotocol = choose_subprotocol(head);
  if (!subprotocol) return http_error(subprotocol.error());
  WebSocketHandshake handshake;
  auto subscription = read_subscription(head, target, rules);
  if (!subscription) return http_error(subscription.error());
  handshake.subscription = *std::move(subscription);
  handshake.says_commands = *subprotocol == command_protocol;
  handshake.subscription.is_enveloped = handshake.subscription.is_enveloped || handshake.says_commands;
  const auto extensions = agree_on_extensions(head, options, handshake);
  if (!extensions) return http_error(extensions.error());
  handshake.subscription.announcement.format = websocket_format(handshake.subscription.is_enveloped, handshake.deflate);
  handshake.answer = accept_upgrade(head);
  if (!subprotocol->empty()) handshake.answer.append("Sec-WebSocket-Protocol: ").append(*subprotocol).append("\r\n");
  handshake.answer.append(*extensions).append("\r\n");
  return handshake;
}

}  // namespace sluice::gateway
