#pragma once
// Where a client is, if proxies that are trusted stand between: by Forwarded (RFC 7239) or X-Forwarded-For. Pure.

#include <optional>
#include <vector>

#include "base/address.hpp"
#include "base/network.hpp"
#include "gateway/http_head.hpp"
#include "gateway/limit_options.hpp"

namespace sluice::gateway {

// Whom to believe, and where they write it.
struct TrustedProxies {
  std::vector<base::Network> networks;
  ForwardedHeader header = ForwardedHeader::x_forwarded_for;
};

// The address from which the request came to the first proxy that is trusted. `peer` is where the socket is. Each proxy
// adds the address that it saw at the end of the list, so it is read from there: what is in front of the first that is
// not trusted was said by that one, and may be made up.
base::Address client_address(const HttpHead& head, const base::Address& peer, const TrustedProxies& trusted);

// "1.2.3.4", "1.2.3.4:80", "2001:db8::1", "[2001:db8::1]:80"; nothing if it is none of those. Port 0 if it has none.
std::optional<base::Address> parse_node(std::string_view text);

}  // namespace sluice::gateway
