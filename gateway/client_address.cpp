#include "gateway/client_address.hpp"

#include <algorithm>
#include <string>
#include <string_view>

namespace sluice::gateway {
namespace {

constexpr std::size_t proxies_max = 32;  // that are looked at, from the end of the list

std::string_view unquoted(std::string_view text) {
  const bool is_quoted = text.size() >= 2 && text.front() == '"' && text.back() == '"';
  return is_quoted ? text.substr(1, text.size() - 2) : text;
}

// The value of `for` in one element of Forwarded.
std::string_view for_of(std::string_view element) {
  while (!element.empty()) {
    const std::string_view pair = take_element(element, ';');
    const auto equals = pair.find('=');
    if (equals != std::string_view::npos && equals_ignoring_case(trim(pair.substr(0, equals)), "for")) {
      return unquoted(trim(pair.substr(equals + 1)));
    }
  }
  return {};
}

// What the fields of that name say, in order: several are one list.
std::vector<std::string_view> elements_of(const HttpHead& head, std::string_view name) {
  std::vector<std::string_view> elements;
  for (const auto& [field, value] : head.fields) {
    if (!equals_ignoring_case(field, name)) continue;
    for (std::string_view rest = value; !rest.empty();) elements.push_back(take_element(rest, ','));
  }
  return elements;
}

}  // namespace

std::optional<base::Address> parse_node(std::string_view text) {
  const std::string whole(text);
  if (auto address = base::Address::parse(whole); address && text != "localhost") return *address;
  // Without a port; an IPv6 address may stand without brackets.
  const bool is_bare_ipv6 = std::ranges::count(text, ':') > 1 && !text.starts_with('[');
  const auto address = base::Address::parse(is_bare_ipv6 ? "[" + whole + "]:0" : whole + ":0");
  return address && !text.starts_with("localhost") ? std::optional(*address) : std::nullopt;
}

base::Address client_address(const HttpHead& head, const base::Address& peer, const TrustedProxies& trusted) {
  if (!base::contains(trusted.networks, peer)) return peer;
  const bool is_forwarded = trusted.header == ForwardedHeader::forwarded;
  const auto elements = elements_of(head, is_forwarded ? "Forwarded" : "X-Forwarded-For");
  base::Address seen = peer;
  std::size_t looked_at = 0;
  for (auto element = elements.rbegin(); element != elements.rend() && looked_at++ < proxies_max; ++element) {
    const auto address = parse_node(is_forwarded ? for_of(*element) : *element);
    // An obfuscated name, or nonsense: the proxy that said so is the last that is known.
    if (!address) return seen;
    seen = *address;
    if (!base::contains(trusted.networks, seen)) return seen;
  }
  return seen;
}

}  // namespace sluice::gateway
