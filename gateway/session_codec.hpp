#pragma once
// Requests for sessions and their answers as they travel between nodes (proto/sluice/cluster/v1/sessions.proto). Pure.

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "base/ids.hpp"
#include "base/result.hpp"
#include "gateway/http_exchange.hpp"

namespace sluice::gateway::session_codec {

struct Request {
  enum class Kind : std::uint8_t { engine_poll, engine_post_begun, engine_post, gone, rooms_poll };
  Kind kind = Kind::gone;
  base::ConnectionId session;
  ExchangeId exchange;                       // without its node, which is the sender
  std::string payload = {};                  // of engine_post
  std::optional<base::Position> since = {};  // of rooms_poll, as what follows
  std::chrono::milliseconds wait{0};
  bool names_rooms = false;
};

std::string encode(Request request);
std::string encode(const HttpReply& reply);

// Errc::bad_request says why `bytes` are none that this version understands.
base::Result<Request> decode_request(std::string_view bytes, std::uint32_t from);
base::Result<HttpReply> decode_reply(std::string_view bytes);

}  // namespace sluice::gateway::session_codec
