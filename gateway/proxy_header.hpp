#pragma once
// The header with which a proxy begins a connection that it carries: PROXY protocol, versions 1 and 2
// (https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt). Pure.

#include <cstddef>
#include <optional>
#include <string_view>

#include "base/address.hpp"

namespace sluice::gateway {

inline constexpr std::size_t proxy_header_bytes_max = 4096;

struct ProxyHeader {
  enum class State : unsigned char { incomplete, malformed, complete };
  State state = State::incomplete;
  std::size_t bytes = 0;                     // of a complete one
  std::optional<base::Address> source = {};  // nothing: the proxy speaks for itself, or does not say
};
// Looks at what a connection begins with.
ProxyHeader read_proxy_header(std::string_view bytes);

}  // namespace sluice::gateway
