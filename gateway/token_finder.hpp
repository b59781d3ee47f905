#pragma once
// Where a client's token is in its request. Pure.

#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "gateway/http_head.hpp"
#include "gateway/request_target.hpp"

namespace sluice::gateway {

// What a WebSocket's sub-protocol begins with that is a token and no protocol: the one thing that a browser's page can
// choose of a WebSocket's request, beside the address.
inline constexpr std::string_view bearer_prefix = "bearer.";

struct TokenPlaces {
  std::string cookie;  // empty: none
  bool in_query = false;
};

// The first that there is: of Authorization, of the sub-protocols, of the cookie, of the query.
std::optional<std::string> find_token(const HttpHead& head, const RequestTarget& target, const TokenPlaces& places);

}  // namespace sluice::gateway
