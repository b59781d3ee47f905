#pragma once
// Network: a block of IP addresses, such as 10.0.0.0/8, as options name those of proxies.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.hpp"
#include "base/result.hpp"

namespace sluice::base {

class Network {
 public:
  static constexpr std::string_view expected = "an address or a network, such as 10.0.0.0/8, 192.168.1.7 or fd00::/8";
  // One address is a network of its own. IPv4 inside IPv6 counts as IPv4.
  static Result<Network> parse(std::string_view text);

  bool contains(const Address& address) const;

 private:
  std::array<std::uint8_t, 16> bytes_{};  // IPv4 as ::ffff:a.b.c.d
  int bits_ = 0;                          // of those
};

inline bool contains(const std::vector<Network>& networks, const Address& address) {
  for (const Network& network : networks) {
    if (network.contains(address)) return true;
  }
  return false;
}

}  // namespace sluice::base
