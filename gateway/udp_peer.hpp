#pragma once
// UdpPeer: whom a datagram is from, and to which of our addresses it came.

#include <netinet/in.h>

#include <cstddef>
#include <functional>
#include <string_view>

#include "base/address.hpp"

namespace sluice::gateway {

struct UdpPeer {
  base::Address address;
  in6_addr local{};            // as IPv6 has it, IPv4 inside; all zero: the socket is bound to one
  unsigned int interface = 0;  // of a link-local address

  // What the kernel tells apart, which for one socket is the address in one form.
  std::string_view bytes() const {
    return {reinterpret_cast<const char*>(address.socket_address()), address.socket_address_bytes()};
  }
};

// For a map by the peer's address.
struct SamePeer {
  bool operator()(const UdpPeer& one, const UdpPeer& other) const { return one.bytes() == other.bytes(); }
};
struct HashOfPeer {
  std::size_t operator()(const UdpPeer& peer) const { return std::hash<std::string_view>()(peer.bytes()); }
};

}  // namespace sluice::gateway
