#pragma once
// WebSocketHandshake: from a request to the answer that makes it a WebSocket, and what the client asked for (RFC 6455,
// 4.2). Pure.

#include <optional>
#include <string>
#include <variant>

#include "gateway/http_answer.hpp"
#include "gateway/http_head.hpp"
#include "gateway/options.hpp"
#include "gateway/request_target.hpp"
#include "gateway/rfc7692.hpp"
#include "gateway/subscription.hpp"
#include "workers/worker.hpp"

namespace sluice::gateway {

struct WebSocketHandshake {
  std::string answer;  // 101, whole
  Subscription subscription;
  std::optional<DeflateTerms> deflate;  // nothing: messages are not deflated
  bool says_commands = false;           // it agreed on that sub-protocol
};

// What keeps a request from becoming a WebSocket, whatever it asks for; nothing if all is well.
std::optional<HttpError> upgrade_misfit(const HttpHead& head);
// The beginning of the answer that accepts it: more headers and an empty line follow.
std::string accept_upgrade(const HttpHead& head);

// The same, and whether its page may connect.
std::optional<HttpError> websocket_misfit(const HttpHead& head, const Options& options);

// What a request asks for may be refused at the edge it came in by, each reason with its own answer.
std::variant<WebSocketHandshake, HttpError> shake_hands(const HttpHead& head, const RequestTarget& target,
                                                        const SubscriptionRules& rules);

}  // namespace sluice::gateway
