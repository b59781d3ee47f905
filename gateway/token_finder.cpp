#include "gateway/token_finder.hpp"

namespace sluice::gateway {
namespace {

// RFC 6750, 2.1.
std::optional<std::string> in_authorization(const HttpHead& head) {
  constexpr std::string_view scheme = "bearer ";
  const std::string_view value = head.find("Authorization");
  if (value.size() <= scheme.size() || !equals_ignoring_case(value.substr(0, scheme.size()), scheme)) return {};
  return std::string(trim(value.substr(scheme.size())));
}

std::optional<std::string> in_subprotocols(const HttpHead& head) {
  for (const auto& [name, value] : head.fields) {
    if (!equals_ignoring_case(name, "Sec-WebSocket-Protocol")) continue;
    for (std::string_view rest = value; !rest.empty();) {
      const std::string_view offer = take_element(rest, ',');
      if (offer.starts_with(bearer_prefix)) return std::string(offer.substr(bearer_prefix.size()));
    }
  }
  return {};
}

// RFC 6265, 4.2.1.
std::optional<std::string> in_cookie(const HttpHead& head, const std::string& cookie) {
  for (const auto& [name, value] : head.fields) {
    if (!equals_ignoring_case(name, "Cookie")) continue;
    for (std::string_view rest = value; !rest.empty();) {
      std::string_view pair = take_element(rest, ';');
      if (!pair.starts_with(cookie) || pair.substr(cookie.size(), 1) != "=") continue;
      pair.remove_prefix(cookie.size() + 1);
      if (pair.size() >= 2 && pair.front() == '"' && pair.back() == '"') pair = pair.substr(1, pair.size() - 2);
      return std::string(pair);
    }
  }
  return {};
}

}  // namespace

std::optional<std::string> find_token(const HttpHead& head, const RequestTarget& target, const TokenPlaces& places) {
  if (auto token = in_authorization(head)) return token;
  if (auto token = in_subprotocols(head)) return token;
  if (!places.cookie.empty()) {
    if (auto token = in_cookie(head, places.cookie)) return token;
  }
  const std::string* const parameter = places.in_query ? target.find("token") : nullptr;
  return parameter != nullptr ? std::optional(*parameter) : std::nullopt;
}

}  // namespace sluice::gateway
